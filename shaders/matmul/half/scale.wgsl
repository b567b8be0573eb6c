// The rows of x in half precision, each multiplied by a power of two that brings its largest value between 1024 and 2048: the
// sum of 16 products with weights below 1 stays finite, whatever outliers a row has. A workgroup works on a row.

@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;      // [m, k / 4]
@group(0) @binding(1) var<storage, read_write> scaled: array<vec4<f16>>; // [m, k / 4]
@group(0) @binding(2) var<storage, read_write> row_scales: array<f32>;   // [m]: what the sums of a row are multiplied by
@group(0) @binding(3) var<storage, read_write> dims: array<u32>;         // m, k / 4, workgroups in x

var<workgroup> largest: array<f32, 64>;

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let m = dims[0];
    let words = dims[1];
    let row = group.y * dims[2] + group.x;
    // Workgroups past the last row compute it again and store nothing: every invocation must reach the barrier.
    let start = min(row, m - 1u) * words;
    var own = vec4<f32>(0.0);
    for (var i = index; i < words; i += 64u) {
        own = max(own, abs(x[start + i]));
    }
    largest[index] = max(max(own.x, own.y), max(own.z, own.w));
    workgroupBarrier();
    if (row >= m) {
        return;
    }
    var peak = 0.0;
    for (var i = 0u; i < 64u; i++) {
        peak = max(peak, largest[i]);
    }
    let factor = factor_below(peak, 11u);
    for (var i = index; i < words; i += 64u) {
        scaled[start + i] = vec4<f16>(x[start + i] * factor);
    }
    if (index == 0u) {
        row_scales[row] = inverse_of(factor);
    }
}

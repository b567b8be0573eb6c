// y = x · rsqrt(mean(x²) + eps) · weight, per row. One workgroup per row.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;       // [rows, width]
@group(0) @binding(1) var<storage, read_write> weight: array<f32>;  // [width]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;       // [rows, width]
@group(0) @binding(3) var<storage, read_write> dims: array<u32>;    // rows, width, eps as bits, groups in x

var<workgroup> partial: array<f32, 64>;

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let rows = dims[0];
    let width = dims[1];
    let row = group.y * dims[3] + group.x;
    // Rows past the end repeat the last one and are not stored, because all invocations must reach the barrier.
    let start = min(row, rows - 1u) * width;
    var sum = 0.0;
    for (var i = local.x; i < width; i += 64u) {
        sum += x[start + i] * x[start + i];
    }
    partial[local.x] = sum;
    workgroupBarrier();
    if (row >= rows) {
        return;
    }
    sum = 0.0;
    for (var i = 0u; i < 64u; i++) {
        sum += partial[i];
    }
    let scale = inverseSqrt(sum / f32(width) + bitcast<f32>(dims[2]));
    for (var i = local.x; i < width; i += 64u) {
        y[start + i] = x[start + i] * scale * weight[i];
    }
}

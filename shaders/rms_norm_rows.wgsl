// y = x · rsqrt(mean(x²) + eps) · weight, per row. One invocation per row.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;       // [rows, width]
@group(0) @binding(1) var<storage, read_write> weight: array<f32>;  // [width]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;       // [rows, width]
@group(0) @binding(3) var<storage, read_write> dims: array<u32>;    // rows, width, eps as bits, groups in x

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let row = (group.y * dims[3] + group.x) * 64u + local.x;
    if (row >= dims[0]) {
        return;
    }
    let width = dims[1];
    let start = row * width;
    var sum = 0.0;
    for (var i = 0u; i < width; i++) {
        sum += x[start + i] * x[start + i];
    }
    let scale = inverseSqrt(sum / f32(width) + bitcast<f32>(dims[2]));
    for (var i = 0u; i < width; i++) {
        y[start + i] = x[start + i] * scale * weight[i];
    }
}

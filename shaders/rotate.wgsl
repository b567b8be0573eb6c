// Rotary embedding (halves, not interleaved) of each head, after an optional RMS norm. One invocation per head of a row.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;       // [rows, heads * width]
@group(0) @binding(1) var<storage, read_write> weight: array<f32>;  // [width]; read only with the norm
@group(0) @binding(2) var<storage, read_write> angles: array<f32>;  // [rows, width]: cosines, then sines
@group(0) @binding(3) var<storage, read_write> y: array<f32>;       // [rows, heads * width]
@group(0) @binding(4) var<storage, read_write> dims: array<u32>;    // rows, heads, width, eps as bits, whether to norm

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let rows = dims[0];
    let heads = dims[1];
    let width = dims[2];
    let row = id.x;
    let head = id.y;
    if (row >= rows || head >= heads) {
        return;
    }
    let start = (row * heads + head) * width;
    let half = width / 2u;
    let normed = dims[4] == 1u;
    var scale = 1.0;
    if (normed) {
        var sum = 0.0;
        for (var i = 0u; i < width; i++) {
            sum += x[start + i] * x[start + i];
        }
        scale = inverseSqrt(sum / f32(width) + bitcast<f32>(dims[3]));
    }
    for (var i = 0u; i < half; i++) {
        var a = x[start + i] * scale;
        var b = x[start + half + i] * scale;
        if (normed) {
            a *= weight[i];
            b *= weight[half + i];
        }
        let c = angles[row * width + i];
        let s = angles[row * width + half + i];
        y[start + i] = a * c - b * s;
        y[start + half + i] = b * c + a * s;
    }
}

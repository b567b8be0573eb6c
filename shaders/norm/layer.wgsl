// Layer norm: y = (x - mean(x)) · rsqrt(var(x) + eps) · weight + bias, row by row. Followed by one of the ways to work on
// a row.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;       // [rows, width]
@group(0) @binding(1) var<storage, read_write> weight: array<f32>;  // [width]
@group(0) @binding(2) var<storage, read_write> bias: array<f32>;    // [width]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;       // [rows, width]
@group(0) @binding(4) var<storage, read_write> dims: array<u32>;    // rows, width, eps as bits, workgroups in x

// Whether the mean is subtracted first.
const CENTERED = true;

fn store(start: u32, i: u32, normed: f32) {
    y[start + i] = normed * weight[i] + bias[i];
}

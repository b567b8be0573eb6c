// Bindings of a product with 4-bit weights in blocks of 32 along k: value = scale · quant + minimum, quants from 0 to 15.
// The unpacking of a weight follows, then a style.

@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;       // [m, k / 4]
@group(0) @binding(1) var<storage, read_write> quants: array<u32>;        // [n, k / 8], 8 nibbles per word, lowest first
@group(0) @binding(2) var<storage, read_write> scales: array<vec2<f32>>;  // [n, k / 32], scale and minimum
@group(0) @binding(3) var<storage, read_write> y: array<f32>;             // [m, n]
@group(0) @binding(4) var<storage, read_write> dims: array<u32>;          // m, n, k

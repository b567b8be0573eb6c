// Bindings of a product with 8-bit weights in blocks of 32 along k: value = scale · quant. The unpacking of a weight follows,
// then a style.

@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;       // [m, k / 4]
@group(0) @binding(1) var<storage, read_write> quants: array<u32>;        // [n, k / 4], 4 little-endian i8 per word
@group(0) @binding(2) var<storage, read_write> scales: array<f32>;        // [n, k / 32]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;             // [m, n]
@group(0) @binding(4) var<storage, read_write> dims: array<u32>;          // m, n, k

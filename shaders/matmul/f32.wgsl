// Bindings of a product with f32 weights: w[n, k], k a multiple of 4. The unpacking of a weight follows, then a style.

@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;  // [m, k / 4]
@group(0) @binding(1) var<storage, read_write> w: array<vec4<f32>>;  // [n, k / 4]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;        // [m, n]
@group(0) @binding(3) var<storage, read_write> dims: array<u32>;     // m, n, k

// Bindings of a product with f32 weights: w[n, k], k a multiple of 4. The text of a style follows.

@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;  // [m, k / 4]
@group(0) @binding(1) var<storage, read_write> w: array<vec4<f32>>;  // [n, k / 4]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;        // [m, n]
@group(0) @binding(3) var<storage, read_write> dims: array<u32>;     // m, n, k

fn scale_of(column: u32, block: u32, blocks: u32) -> vec2<f32> {
    return vec2<f32>(1.0, 0.0);
}

fn four(at: u32, scale: vec2<f32>) -> vec4<f32> {
    return w[at];
}

// Bindings of a product with 8-bit weights in blocks of 32 along k: value = scale · quant. The text of a style follows.

@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;       // [m, k / 4]
@group(0) @binding(1) var<storage, read_write> quants: array<u32>;        // [n, k / 4], 4 little-endian i8 per word
@group(0) @binding(2) var<storage, read_write> scales: array<f32>;        // [n, k / 32]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;             // [m, n]
@group(0) @binding(4) var<storage, read_write> dims: array<u32>;          // m, n, k

fn scale_of(column: u32, block: u32, blocks: u32) -> vec2<f32> {
    return vec2<f32>(scales[column * blocks + block], 0.0);
}

fn four(at: u32, scale: vec2<f32>) -> vec4<f32> {
    // Sign extension by shifting left and arithmetically right, which needs no language extension.
    let word = quants[at];
    let q = vec4<i32>(bitcast<i32>(word << 24u), bitcast<i32>(word << 16u), bitcast<i32>(word << 8u), bitcast<i32>(word));
    return vec4<f32>(q >> vec4<u32>(24u)) * scale.x;
}

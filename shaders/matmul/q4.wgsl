// Bindings of a product with 4-bit weights in blocks of 32 along k: value = scale · quant + minimum, quants from 0 to 15.
// The text of a style follows.

@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;       // [m, k / 4]
@group(0) @binding(1) var<storage, read_write> quants: array<u32>;        // [n, k / 8], 8 nibbles per word, lowest first
@group(0) @binding(2) var<storage, read_write> scales: array<vec2<f32>>;  // [n, k / 32], scale and minimum
@group(0) @binding(3) var<storage, read_write> y: array<f32>;             // [m, n]
@group(0) @binding(4) var<storage, read_write> dims: array<u32>;          // m, n, k

fn scale_of(column: u32, block: u32, blocks: u32) -> vec2<f32> {
    return scales[column * blocks + block];
}

fn four(at: u32, scale: vec2<f32>) -> vec4<f32> {
    let half = quants[at >> 1u] >> ((at & 1u) << 4u);
    // Puts each nibble into the mantissa of 2^23, which avoids an integer to float conversion.
    let q = vec4<u32>(half, half >> 4u, half >> 8u, half >> 12u) & vec4<u32>(15u);
    return (bitcast<vec4<f32>>(q | vec4<u32>(0x4b000000u)) - 8388608.0) * scale.x + scale.y;
}

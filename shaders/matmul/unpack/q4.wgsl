// Weights of blocks of 4 bits: value = scale · quant + minimum.

fn scale_of(column: u32, block: u32, blocks: u32) -> vec2<f32> {
    return scales[column * blocks + block];
}

fn four(at: u32, scale: vec2<f32>) -> vec4<f32> {
    let half = quants[at >> 1u] >> ((at & 1u) << 4u);
    // Puts each nibble into the mantissa of 2^23, which avoids an integer to float conversion.
    let q = vec4<u32>(half, half >> 4u, half >> 8u, half >> 12u) & vec4<u32>(15u);
    return (bitcast<vec4<f32>>(q | vec4<u32>(0x4b000000u)) - 8388608.0) * scale.x + scale.y;
}

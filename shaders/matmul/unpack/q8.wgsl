// Weights of blocks of 8 bits: value = scale · quant.

fn scale_of(column: u32, block: u32, blocks: u32) -> vec2<f32> {
    return vec2<f32>(scales[column * blocks + block], 0.0);
}

fn four(at: u32, scale: vec2<f32>) -> vec4<f32> {
    // Sign extension by shifting left and arithmetically right, which needs no language extension.
    let word = quants[at];
    let q = vec4<i32>(bitcast<i32>(word << 24u), bitcast<i32>(word << 16u), bitcast<i32>(word << 8u), bitcast<i32>(word));
    return vec4<f32>(q >> vec4<u32>(24u)) * scale.x;
}

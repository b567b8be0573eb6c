// Bindings of a product in half precision with f32 weights: w[n, k], k a multiple of 4. The unpacking of a weight follows, then
// the product.

@group(0) @binding(0) var<storage, read_write> x: array<vec4<f16>>;       // [m, k / 4], rows scaled
@group(0) @binding(1) var<storage, read_write> row_scales: array<f32>;    // [m], what the sums of a row are multiplied by
@group(0) @binding(2) var<storage, read_write> w: array<vec4<f32>>;       // [n, k / 4]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;             // [m, n]
@group(0) @binding(4) var<storage, read_write> dims: array<u32>;          // m, n, k

// The largest weight of a block has to be looked for.
const PEAKS_ARE_KNOWN = false;

fn peak_of(scale: vec2<f32>) -> f32 {
    return 0.0;
}

// A power of two, so that weights which come from 16 bits stay what they are.
fn factor_of(peak: f32) -> f32 {
    return factor_below(peak, 0u);
}

fn scale_for(peak: f32) -> f32 {
    return inverse_of(factor_below(peak, 0u));
}

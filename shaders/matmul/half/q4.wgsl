// Bindings of a product in half precision with 4-bit weights in blocks of 32 along k: value = scale · quant + minimum, quants
// from 0 to 15. The unpacking of a weight follows, then the product.

@group(0) @binding(0) var<storage, read_write> x: array<vec4<f16>>;       // [m, k / 4], rows scaled
@group(0) @binding(1) var<storage, read_write> row_scales: array<f32>;    // [m], what the sums of a row are multiplied by
@group(0) @binding(2) var<storage, read_write> quants: array<u32>;        // [n, k / 8], 8 nibbles per word, lowest first
@group(0) @binding(3) var<storage, read_write> scales: array<vec2<f32>>;  // [n, k / 32], scale and minimum
@group(0) @binding(4) var<storage, read_write> y: array<f32>;             // [m, n]
@group(0) @binding(5) var<storage, read_write> dims: array<u32>;          // m, n, k

const PEAKS_ARE_KNOWN = true;

// No weight of a block is larger.
fn peak_of(scale: vec2<f32>) -> f32 {
    return max(abs(scale.y), abs(15.0 * scale.x + scale.y));
}

// Where the minimum is -8 times the scale, what a quant becomes, an eighth of its distance from 8, is exact.
fn factor_of(peak: f32) -> f32 {
    return select(0.0, 1.0 / peak, peak > LEAST_PEAK);
}

fn scale_for(peak: f32) -> f32 {
    return peak;
}

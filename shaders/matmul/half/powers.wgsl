// Powers of two, by which a value is multiplied without rounding.

// Blocks whose weights are all less become zeros: 1 divided by it is no longer a number.
const LEAST_PEAK = 1e-37;

// What brings `peak` below 2^exponent, and to at least half of that.
fn factor_below(peak: f32, exponent: u32) -> f32 {
    let power = bitcast<u32>(peak) >> 23u;
    // The largest power of two for a peak of zero, or of less than a normal number.
    return bitcast<f32>(min(253u + exponent - power, 254u) << 23u);
}

fn inverse_of(factor: f32) -> f32 {
    return bitcast<f32>((254u - (bitcast<u32>(factor) >> 23u)) << 23u);
}

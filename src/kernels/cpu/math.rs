//! Functions that the compiler keeps in vector registers: wasm has none of its own, and the library's take one value at a
//! time. They are inlined always: a call within a loop would take one value at a time again.

/// Added to a number below 2²², it leaves its nearest whole number in the last bits.
pub const ROUNDS: f32 = 12_582_912.0;

/// `e^x` to a few units in the last place.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Beyond these f32 has nothing but zero and infinity.
    let x = x.clamp(-87.0, 88.0);
    // The nearest whole number, in the last bits of the sum: a conversion to an integer checks its range, lane by lane.
    let shifted = x * std::f32::consts::LOG2_E + ROUNDS;
    let whole = shifted - ROUNDS;
    // ln 2 in two parts, of which the first times a small whole number is exact.
    let r = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let p = 1.987_569_1e-4_f32;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let value = p * r * r + r + 1.0;
    value * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
}

/// `x · Φ(x)` for the normal distribution Φ: GELU by its definition, to a few units in the last place.
///
/// Below zero it is `x · q`, above it `x - x · q`, for the tail `q = Φ(-|x|)`. The tail is `exp(-x²/2)` times a polynomial in
/// `1 / (1 + p|x|)`, fitted to a relative error of 3e-7. One minus an error function would lose the small values below zero.
#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    let magnitude = x.abs();
    let t = 1.0 / (1.0 + 0.26 * magnitude);
    let tail = t * polynomial(
        t,
        [-7.566_264e-2, 2.393_156e-1, -1.224_185_7e-1, 1.791_128e-1, 6.786_58e-2, 1.083_746_6e-1, 1.034_122_3e-1],
    );
    0.5 * (x + magnitude) - magnitude * (tail * exp(-0.5 * magnitude * magnitude))
}

/// A sum in eight lanes: what fits vector registers, and loses less than one running sum.
#[inline(always)]
pub fn sum(x: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0f32; 8];
    let (chunks, rest) = x.as_chunks::<8>();
    for chunk in chunks {
        for (sum, &v) in sums.iter_mut().zip(chunk) {
            *sum += term(v);
        }
    }
    sums.iter().sum::<f32>() + rest.iter().map(|&v| term(v)).sum::<f32>()
}

/// The largest value, in lanes as well. NaN is passed over.
#[inline(always)]
pub fn largest(x: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; 8];
    let (chunks, rest) = x.as_chunks::<8>();
    for chunk in chunks {
        for (lane, &v) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, v);
        }
    }
    lanes.iter().chain(rest).fold(f32::NEG_INFINITY, |a, &b| larger(a, b))
}

/// Coefficients from the highest power down.
#[inline(always)]
fn polynomial<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    coefficients.into_iter().fold(0.0, |sum, c| sum * x + c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_agree_with_the_library_in_double_precision() {
        for i in -600..=600 {
            let x = i as f32 / 100.0;
            let exact = f64::from(x) * 0.5 * libm::erfc(-f64::from(x) * std::f64::consts::FRAC_1_SQRT_2);
            let error = (f64::from(gelu(x)) - exact).abs();
            assert!(error < 1e-7 + 3e-7 * f64::from(x).max(0.0), "gelu({x}) = {} is not {exact}", gelu(x));
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() < 4e-7 * exact, "exp({x}) = {} is not {exact}", exp(x));
        }
        assert!(gelu(f32::NAN).is_nan() && gelu(-40.0).abs() < 1e-30 && gelu(40.0) == 40.0);
    }

    #[test]
    fn the_largest_value_is_found_in_every_lane() {
        for place in 0..19 {
            let mut values = [-1.0f32; 19];
            values[place] = 2.0;
            assert_eq!(largest(&values), 2.0, "{place}");
        }
        assert_eq!(largest(&[]), f32::NEG_INFINITY);
    }
}

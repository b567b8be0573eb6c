//! Functions that the compiler keeps in vector registers: wasm has none of its own, and the library's take one value at a
//! time.

use std::f32::consts::FRAC_2_SQRT_PI;

/// `e^x` to a few units in the last place.
pub fn exp(x: f32) -> f32 {
    // Beyond these f32 has nothing but zero and infinity.
    let x = x.clamp(-87.0, 88.0);
    let whole = (x * std::f32::consts::LOG2_E + 0.5).floor();
    // ln 2 in two parts, of which the first times a small whole number is exact.
    let r = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let p = 1.987_569_1e-4_f32;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let value = p * r * r + r + 1.0;
    value * f32::from_bits(((whole as i32 + 127) as u32) << 23)
}

/// The error function by the minimax polynomials of the Cephes library, to a few units in the last place.
pub fn erf(x: f32) -> f32 {
    let (s, magnitude) = (x * x, x.abs());
    let near_zero = polynomial(
        s,
        [7.853_862e-5, -8.010_194e-4, 5.188_327_6e-3, -2.685_381_3e-2, 1.128_358_5e-1, -3.761_262_7e-1, FRAC_2_SQRT_PI],
    );
    // From 1 on: 1 - exp(-x²) · P(1/x²) / |x|. From 4 on the difference from 1 is below f32.
    let r = magnitude.clamp(1.0, 4.0).recip();
    let q = r * r;
    let middle = polynomial(
        q,
        [
            2.326_82e-2,
            -1.387_039_4e-1,
            3.687_424_6e-1,
            -5.824_733e-1,
            6.210_005e-1,
            -4.944_515_3e-1,
            3.404_88e-1,
            -2.741_127e-1,
            5.638_259_4e-1,
        ],
    );
    let far = polynomial(
        q,
        [-10.477_664, 12.977_2, -7.495_519, 2.921_019, -1.015_265_3, 4.218_463_3e-1, -2.820_767_5e-1, 5.641_896e-1],
    );
    let tail = exp(-s.min(16.0)) * r * if magnitude > 2.0 { far } else { middle };
    if magnitude < 1.0 { x * near_zero } else { (1.0 - tail).copysign(x) }
}

/// Coefficients from the highest power down.
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
            let exact = libm::erf(f64::from(x));
            assert!((f64::from(erf(x)) - exact).abs() < 2e-7, "erf({x}) = {} is not {exact}", erf(x));
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() < 4e-7 * exact, "exp({x}) = {} is not {exact}", exp(x));
        }
    }
}

//! The inverse discrete cosine transform of libjpeg's accurate integer method (`jidctint.c`), in the same arithmetic.

/// Fraction bits of the constants.
const CONST_BITS: u32 = 13;
/// Fraction bits that the results of the first pass, over columns, keep.
const PASS1_BITS: u32 = 2;

/// The one-dimensional transform of eight values, with `CONST_BITS` more fraction bits than they have. Corrupt input
/// may overflow; the arithmetic wraps, as libjpeg's does in practice.
#[inline(always)]
fn transform_8(v: [i32; 8]) -> [i32; 8] {
    let mul = |a: i32, b: i32| a.wrapping_mul(b);
    let add = |a: i32, b: i32| a.wrapping_add(b);
    let sub = |a: i32, b: i32| a.wrapping_sub(b);

    let shared = mul(add(v[2], v[6]), 4433);
    let (low, high) = (sub(shared, mul(v[6], 15137)), add(shared, mul(v[2], 6270)));
    let (sum, difference) = (add(v[0], v[4]) << CONST_BITS, sub(v[0], v[4]) << CONST_BITS);
    let even = [add(sum, high), add(difference, low), sub(difference, low), sub(sum, high)];

    let all = mul(add(add(v[7], v[3]), add(v[5], v[1])), 9633);
    let (z1, z2) = (mul(add(v[7], v[1]), -7373), mul(add(v[5], v[3]), -20995));
    let (z3, z4) = (add(mul(add(v[7], v[3]), -16069), all), add(mul(add(v[5], v[1]), -3196), all));
    let odd = [
        add(mul(v[1], 12299), add(z1, z4)),
        add(mul(v[3], 25172), add(z2, z3)),
        add(mul(v[5], 16819), add(z2, z4)),
        add(mul(v[7], 2446), add(z1, z3)),
    ];
    let mut out = [0; 8];
    for i in 0..4 {
        out[i] = add(even[i], odd[i]);
        out[7 - i] = sub(even[i], odd[i]);
    }
    out
}

fn shift_rounded(value: i32, bits: u32) -> i32 {
    value.wrapping_add(1 << (bits - 1)) >> bits
}

/// Dequantizes and transforms a block, and writes its eight rows `stride` samples apart.
pub(super) fn inverse_dct(coefficients: &[i16; 64], quantization: &[u16; 64], out: &mut [u8], stride: usize) {
    let dequantized = |i: usize| i32::from(coefficients[i]).wrapping_mul(i32::from(quantization[i]));
    if coefficients[1..].iter().all(|&c| c == 0) {
        let level = (shift_rounded(dequantized(0) << PASS1_BITS, PASS1_BITS + 3) + 128).clamp(0, 255) as u8;
        return out.chunks_mut(stride).take(8).for_each(|row| row[..8].fill(level));
    }
    let mut columns = [0i32; 64];
    for column in 0..8 {
        let values = transform_8(std::array::from_fn(|row| dequantized(row * 8 + column)));
        for (row, value) in values.into_iter().enumerate() {
            columns[row * 8 + column] = shift_rounded(value, CONST_BITS - PASS1_BITS);
        }
    }
    for (row, out) in columns.chunks_exact(8).zip(out.chunks_mut(stride)) {
        let values = transform_8(std::array::from_fn(|i| row[i]));
        for (out, value) in out.iter_mut().zip(values) {
            *out = (shift_rounded(value, CONST_BITS + PASS1_BITS + 3) + 128).clamp(0, 255) as u8;
        }
    }
}

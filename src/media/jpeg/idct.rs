//! The inverse transform of a block in the integers of libjpeg's accurate variant.

/// Fraction bits of the constants, and of what passes from columns to rows.
const CONSTANT_BITS: u32 = 13;
const PASS_BITS: u32 = 2;

/// One of the eight-point transforms, before its results are scaled back.
#[inline(always)]
fn eight(v: [i32; 8]) -> [i32; 8] {
    let mul = |a: i32, b: i32| a.wrapping_mul(b);
    let add = |a: i32, b: i32| a.wrapping_add(b);
    let sub = |a: i32, b: i32| a.wrapping_sub(b);

    let shared = mul(add(v[2], v[6]), 4433);
    let (low, high) = (sub(shared, mul(v[6], 15137)), add(shared, mul(v[2], 6270)));
    let (sum, difference) = (add(v[0], v[4]) << CONSTANT_BITS, sub(v[0], v[4]) << CONSTANT_BITS);
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

fn scaled(value: i32, bits: u32) -> i32 {
    value.wrapping_add(1 << (bits - 1)) >> bits
}

/// Writes the eight rows of a block, `stride` apart, from its coefficients and the table they are multiplied by.
pub(super) fn block(coefficients: &[i16; 64], table: &[u16; 64], out: &mut [u8], stride: usize) {
    let at = |i: usize| i32::from(coefficients[i]).wrapping_mul(i32::from(table[i]));
    if coefficients[1..].iter().all(|&c| c == 0) {
        let level = (scaled(at(0) << PASS_BITS, PASS_BITS + 3) + 128).clamp(0, 255) as u8;
        return out.chunks_mut(stride).take(8).for_each(|row| row[..8].fill(level));
    }
    let mut middle = [0i32; 64];
    for column in 0..8 {
        let sums = eight(std::array::from_fn(|row| at(row * 8 + column)));
        for (row, sum) in sums.into_iter().enumerate() {
            middle[row * 8 + column] = scaled(sum, CONSTANT_BITS - PASS_BITS);
        }
    }
    for (row, out) in middle.chunks_exact(8).zip(out.chunks_mut(stride)) {
        let sums = eight(std::array::from_fn(|i| row[i]));
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = (scaled(sum, CONSTANT_BITS + PASS_BITS + 3) + 128).clamp(0, 255) as u8;
        }
    }
}

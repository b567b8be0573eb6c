//! How 16-bit activations and packed weights become operands of `i32x4.relaxed_dot_i8x16_i7x16_add_s`.
//!
//! Its second operand must lie within 0..=127. There every implementation that the specification allows gives the same sum:
//! docs/decisions/0040-relaxed-simd.md says why.

use std::arch::wasm32::*;

use crate::kernels::cpu::vectors::load;
use crate::kernels::params::BLOCK;
use crate::weight::{PackedWeight, Q4Weight, Q8Weight};

/// A way to cut activations into pieces that the instruction multiplies with the weights.
pub trait Cut {
    type Weight<'a>: PackedWeight;
    const PIECES: usize;
    /// The bits by which a sum moves up before the next piece is added.
    const SHIFT: u32;
    /// The largest magnitude of a quantized activation.
    const LARGEST: f32;
    /// Pieces of eight activations at a time, the most significant first.
    fn pieces(x: [v128; 2]) -> [v128; 3];
    /// The 32 weights of a block as bytes.
    fn weights(weight: &Self::Weight<'_>, row: usize, block: usize) -> [v128; 2];
    /// Dot product of the weights with a piece, added to `sum`.
    fn dot(x: v128, weights: v128, sum: v128) -> v128;
    /// What the pieces were moved by: a block's weights times this are added to its sum.
    const OFFSET: i32;
}

/// 4-bit weights are the small operand; activations are two signed bytes, of which the lower is moved by 128.
pub struct FourBits;

impl Cut for FourBits {
    type Weight<'a> = Q4Weight<'a>;
    const PIECES: usize = 2;
    const SHIFT: u32 = 8;
    const LARGEST: f32 = 32_767.0;
    const OFFSET: i32 = 128;

    fn pieces([a, b]: [v128; 2]) -> [v128; 3] {
        let high = i8x16_shuffle::<1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31>(a, b);
        let low = i8x16_shuffle::<0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30>(a, b);
        [high, v128_xor(low, u8x16_splat(0x80)), low]
    }

    fn weights(weight: &Q4Weight<'_>, row: usize, block: usize) -> [v128; 2] {
        let bytes = load(&weight.quants[row * weight.columns / 2 + block * (BLOCK / 2)..][..BLOCK / 2]);
        let (low, high) = (v128_and(bytes, u8x16_splat(15)), u8x16_shr(bytes, 4));
        [
            i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(low, high),
            i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(low, high),
        ]
    }

    #[inline(always)]
    fn dot(x: v128, weights: v128, sum: v128) -> v128 {
        dot(x, weights, sum)
    }
}

/// 8-bit weights are the signed operand; activations of `BITS` bits, moved by half of their range, are pieces of 7 bits, of which
/// the first may have fewer. With 16 bits they are as fine as today's, in three pieces; two can hold 14, four times as coarse.
pub struct EightBits<const BITS: u32>;

impl<const BITS: u32> Cut for EightBits<BITS> {
    type Weight<'a> = Q8Weight<'a>;
    const PIECES: usize = BITS.div_ceil(7) as usize;
    const SHIFT: u32 = 7;
    const LARGEST: f32 = ((1 << (BITS - 1)) - 1) as f32;
    const OFFSET: i32 = -(1 << (BITS - 1));

    fn pieces(x: [v128; 2]) -> [v128; 3] {
        let x = x.map(|x| i16x8_sub(x, i16x8_splat(Self::OFFSET as i16)));
        std::array::from_fn(|i| seven_bits(x, Self::SHIFT * (Self::PIECES as u32 - 1).saturating_sub(i as u32)))
    }

    fn weights(weight: &Q8Weight<'_>, row: usize, block: usize) -> [v128; 2] {
        let bytes = &weight.quants[row * weight.columns + block * BLOCK..][..BLOCK];
        [load(&bytes[..16]), load(&bytes[16..])]
    }

    #[inline(always)]
    fn dot(x: v128, weights: v128, sum: v128) -> v128 {
        dot(weights, x, sum)
    }
}

/// Seven bits of sixteen unsigned integers.
fn seven_bits([a, b]: [v128; 2], from: u32) -> v128 {
    let mask = i16x8_splat(127);
    u8x16_narrow_i16x8(v128_and(u16x8_shr(a, from), mask), v128_and(u16x8_shr(b, from), mask))
}

/// `small` must have lanes of 0..=127 only.
#[inline(always)]
pub fn dot(signed: v128, small: v128, sum: v128) -> v128 {
    i32x4_relaxed_dot_i8x16_i7x16_add(signed, small, sum)
}

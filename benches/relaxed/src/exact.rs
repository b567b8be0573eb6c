//! Dot products of the pieces against whole integers, over random and extreme values.

use std::arch::wasm32::*;

use crate::case::Numbers;
use crate::cuts::{Cut, EightBits, FourBits, dot};
use crate::kernels::cpu::vectors::{load, store};

/// Checks `rounds` groups of sixteen values of each kind; returns how many sums were wrong.
#[unsafe(no_mangle)]
pub extern "C" fn wrong_sums(rounds: u32, seed: u32) -> u32 {
    let mut numbers = Numbers(seed);
    let mut wrong = 0;
    for _ in 0..rounds {
        let mut pick = |edges: &[i32], random: fn(u32) -> i32| -> [i32; 16] {
            std::array::from_fn(|_| match numbers.next() % 3 {
                0 => random(numbers.next() >> 7),
                _ => edges[(numbers.next() >> 5) as usize % edges.len()],
            })
        };
        let x = pick(&[-32_768, -32_767, 32_767, 32_640, 32_639, -1, 0, 255, 256, 127, 128], |r| i32::from(r as i16));
        let four = pick(&[0, 15], |r| (r & 15) as i32);
        let eight = pick(&[-128, -127, 127, 0], |r| i32::from(r as i8));
        wrong += u32::from(by_pieces::<FourBits>(&x, &four) != whole(&x, &four));
        wrong += u32::from(by_pieces::<EightBits<16>>(&x, &eight) != whole(&x, &eight));
    }
    wrong
}

/// Sums of four products each.
fn whole(x: &[i32; 16], weights: &[i32; 16]) -> [i32; 4] {
    std::array::from_fn(|lane| (4 * lane..4 * lane + 4).map(|i| x[i] * weights[i]).sum())
}

fn by_pieces<C: Cut>(x: &[i32; 16], weights: &[i32; 16]) -> [i32; 4] {
    let x: [i16; 16] = x.map(|v| v as i16);
    let weights = load(&weights.map(|w| w as i8));
    let ones = i8x16_splat(1);
    // Weights may be negative and 1 is not: this is their sum on every implementation.
    let offset = i32x4_mul(dot(weights, ones, i32x4_splat(0)), i32x4_splat(C::OFFSET));
    let mut sum = i32x4_splat(0);
    for (i, piece) in C::pieces([load(&x[..8]), load(&x[8..])]).into_iter().take(C::PIECES).enumerate() {
        if i > 0 {
            sum = i32x4_shl(sum, C::SHIFT);
        }
        if i + 1 == C::PIECES {
            sum = i32x4_add(sum, offset);
        }
        sum = C::dot(piece, weights, sum);
    }
    let mut out = [0i32; 4];
    store(sum, &mut out);
    out
}

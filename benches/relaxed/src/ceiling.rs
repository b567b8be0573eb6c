//! What the processor and the engine could do at best: eight sums in registers, and two vectors from memory for eight steps.

use std::arch::wasm32::*;

/// Runs `rounds` of eight steps; returns something that depends on all of them.
#[unsafe(no_mangle)]
pub extern "C" fn ceiling(kind: u32, rounds: u32) -> i32 {
    match kind {
        0 => steps(rounds, |x, w, sum| i32x4_add(sum, i32x4_dot_i16x8(x, w))),
        1 => steps(rounds, |x, w, sum| i32x4_relaxed_dot_i8x16_i7x16_add(x, w, sum)),
        2 => steps(rounds, |x, w, sum| f32x4_add(sum, f32x4_mul(x, w))),
        3 => steps(rounds, |x, w, sum| f32x4_relaxed_madd(x, w, sum)),
        _ => panic!("no such kind"),
    }
}

#[inline(always)]
fn steps(rounds: u32, step: impl Fn(v128, v128, v128) -> v128) -> i32 {
    // Small integers in every byte, and floats a little above 0.01.
    let x: [v128; 4] = std::array::from_fn(|i| i32x4_splat(0x3c23_0304 + i as i32));
    let weights: [v128; 64] = std::hint::black_box(std::array::from_fn(|i| i32x4_splat(0x3c23_0201 + i as i32)));
    let mut sums = [[i32x4_splat(0); 2]; 4];
    for round in 0..rounds as usize {
        // Others in every round: the products would be computed once.
        let weights = [weights[2 * round % 64], weights[(2 * round + 1) % 64]];
        for (sums, x) in sums.iter_mut().zip(x) {
            for (sum, w) in sums.iter_mut().zip(weights) {
                *sum = step(x, w, *sum);
            }
        }
    }
    sums.as_flattened().iter().fold(0, |all, &sum| all ^ i32x4_extract_lane::<0>(sum) ^ i32x4_extract_lane::<3>(sum))
}

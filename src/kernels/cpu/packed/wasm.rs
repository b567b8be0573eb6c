//! Products with packed weights on a CPU whose vectors multiply 16-bit integers faster than floats, as those of wasm do:
//! one instruction for eight products and four sums, where floats need two for four.
//!
//! Rows of x become 16-bit integers with a scale for each block, the weight's blocks are small integers already, and
//! each block's sum is exact before it is scaled. An activation is off by at most 2⁻¹⁶ of the largest of its block:
//! 8 bits, which other engines use, would move scores by tenths; 16 leave them where they are.

use std::arch::wasm32::*;

use super::weight::PackedWeight;
use crate::kernels::cpu::math::ROUNDS;
use crate::kernels::cpu::vectors::{load, store, transpose};
use crate::kernels::params::BLOCK;

/// Rows and columns of the output that one step of the innermost loop covers: eight accumulators, which with a word of
/// each operand fit sixteen registers.
const ROWS: usize = 4;
const COLUMNS: usize = 8;

/// Pairs of values in a block: what one 32-bit lane holds.
const PAIRS: usize = BLOCK / 2;

/// The largest 16-bit integer.
const LARGEST: f32 = 32_767.0;

/// Rows of x as integers, padded with rows of zeros to a multiple of [`ROWS`].
struct QuantizedRows {
    quants: Vec<i16>,
    scales: Vec<f32>,
    /// Sums of the blocks, for weights with minima.
    sums: Vec<f32>,
}

impl QuantizedRows {
    fn new(x: &[f32], m: usize, k: usize, with_sums: bool) -> Self {
        let padded = m.next_multiple_of(ROWS);
        let mut quants = Vec::with_capacity(padded * k);
        let blocks = padded * k / BLOCK;
        let (mut scales, mut sums) =
            (Vec::with_capacity(blocks), Vec::with_capacity(if with_sums { blocks } else { 0 }));
        for block in x[..m * k].as_chunks::<BLOCK>().0 {
            let largest = largest(block);
            // Zeros stay zeros; what is not finite makes the scale, and so the result, not finite.
            let inverse = if largest > 0.0 && largest.is_finite() { LARGEST / largest } else { 0.0 };
            let mut integers = [0; BLOCK];
            for (eight, integers) in block.as_chunks::<8>().0.iter().zip(integers.as_chunks_mut::<8>().0) {
                store(rounded(eight, inverse), integers);
            }
            quants.extend_from_slice(&integers);
            scales.push(largest / LARGEST);
            if with_sums {
                sums.push(sum(block));
            }
        }
        quants.resize(padded * k, 0);
        scales.resize(blocks, 0.0);
        sums.resize(if with_sums { blocks } else { 0 }, 0.0);
        Self { quants, scales, sums }
    }
}

/// The largest magnitude; NaN where there is one.
pub(super) fn largest(block: &[f32; BLOCK]) -> f32 {
    let mut lanes = f32x4_splat(0.0);
    for four in block.as_chunks::<4>().0 {
        lanes = f32x4_max(lanes, f32x4_abs(load(four)));
    }
    let (a, b) = (f32x4_extract_lane::<0>(lanes), f32x4_extract_lane::<1>(lanes));
    let (c, d) = (f32x4_extract_lane::<2>(lanes), f32x4_extract_lane::<3>(lanes));
    if a.is_nan() || b.is_nan() || c.is_nan() || d.is_nan() { f32::NAN } else { a.max(b).max(c.max(d)) }
}

/// The sum of a block. In order, each addition would wait for the one before it.
pub(super) fn sum(block: &[f32; BLOCK]) -> f32 {
    let mut lanes = [f32x4_splat(0.0); 2];
    for eight in block.as_chunks::<8>().0 {
        lanes = [f32x4_add(lanes[0], load(&eight[..4])), f32x4_add(lanes[1], load(&eight[4..]))];
    }
    let four = f32x4_add(lanes[0], lanes[1]);
    let (a, b) = (f32x4_extract_lane::<0>(four), f32x4_extract_lane::<1>(four));
    let (c, d) = (f32x4_extract_lane::<2>(four), f32x4_extract_lane::<3>(four));
    (a + b) + (c + d)
}

/// Eight numbers times `inverse`, rounded. They are small, for which this is far less than a conversion that checks.
pub(super) fn rounded(eight: &[f32], inverse: f32) -> v128 {
    let (inverse, rounds) = (f32x4_splat(inverse), f32x4_splat(ROUNDS));
    let whole = |four: &[f32]| i32x4_sub(f32x4_add(f32x4_mul(load(four), inverse), rounds), rounds);
    i16x8_narrow_i32x4(whole(&eight[..4]), whole(&eight[4..]))
}

/// Columns of the weight side by side: for each pair of values a vector of all columns.
struct Panel {
    quants: Vec<[i16; 2 * COLUMNS]>,
    scales: Vec<[f32; COLUMNS]>,
    /// Empty for weights that have none.
    minima: Vec<[f32; COLUMNS]>,
}

/// `out [m, n] = x [m, k] · wᵀ`.
pub fn product<P: PackedWeight>([m, n, k]: [usize; 3], x: &[f32], weight: &P, out: &mut [f32]) {
    assert!(m > 0 && x.len() >= m * k && out.len() >= m * n && k.is_multiple_of(BLOCK));
    let rows = QuantizedRows::new(x, m, k, P::HAS_MINIMA);
    let blocks = k / BLOCK;
    let mut unpacked = vec![0i16; COLUMNS * k];
    let mut panel = Panel {
        quants: vec![[0; 2 * COLUMNS]; k / 2],
        scales: vec![[0.0; COLUMNS]; blocks],
        minima: vec![[0.0; COLUMNS]; if P::HAS_MINIMA { blocks } else { 0 }],
    };
    for first in (0..n).step_by(COLUMNS) {
        let columns = COLUMNS.min(n - first);
        for (column, row) in unpacked.chunks_exact_mut(k).take(columns).enumerate() {
            weight.quants(first + column, row);
            for (block, scales) in panel.scales.iter_mut().enumerate() {
                let (scale, minimum) = weight.scale(first + column, block);
                scales[column] = scale;
                if let Some(minima) = panel.minima.get_mut(block) {
                    minima[column] = minimum;
                }
            }
        }
        panel.interleave(&unpacked, k);
        for at in (0..m).step_by(ROWS) {
            let tile = if P::HAS_MINIMA { tile::<true> } else { tile::<false> }(&rows, at, &panel, k);
            for (i, values) in tile.iter().enumerate().take(m - at) {
                out[(at + i) * n + first..][..columns].copy_from_slice(&values[..columns]);
            }
        }
    }
}

impl Panel {
    /// Transposes the rows of the weight, a pair of values as one, four by four.
    fn interleave(&mut self, rows: &[i16], k: usize) {
        for (half, rows) in rows.chunks_exact(COLUMNS / 2 * k).enumerate() {
            let rows: [&[[i16; 8]]; 4] = std::array::from_fn(|i| rows[i * k..][..k].as_chunks::<8>().0);
            for (at, words) in self.quants.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                let pairs = transpose(rows.map(|row| load(&row[at])));
                for (words, pair) in words.iter_mut().zip(pairs) {
                    store(pair, words.as_chunks_mut::<8>().0[half].as_mut_slice());
                }
            }
        }
    }
}

/// A pair of values in all lanes.
fn spread(pair: &[i16; 2]) -> v128 {
    // SAFETY: the pair is as large as what is read; this load needs no alignment.
    unsafe { v128_load32_splat(pair.as_ptr().cast()) }
}

/// [`ROWS`] rows from `first` on, times the panel. Arrays of constant length unroll the loop over a block, which makes it a
/// quarter faster.
fn tile<const MINIMA: bool>(rows: &QuantizedRows, first: usize, panel: &Panel, k: usize) -> [[f32; COLUMNS]; ROWS] {
    let blocks = k / BLOCK;
    let x: [&[[[i16; 2]; PAIRS]]; ROWS] =
        std::array::from_fn(|i| rows.quants[(first + i) * k..][..k].as_chunks::<2>().0.as_chunks().0);
    let scales: [&[f32]; ROWS] = std::array::from_fn(|i| &rows.scales[(first + i) * blocks..][..blocks]);
    let sums: [&[f32]; ROWS] =
        std::array::from_fn(|i| if MINIMA { &rows.sums[(first + i) * blocks..][..blocks] } else { &[][..] });
    let mut total = [[f32x4_splat(0.0); 2]; ROWS];
    for (block, quants) in panel.quants.as_chunks::<PAIRS>().0.iter().enumerate() {
        let x = x.map(|x| &x[block]);
        let mut sum = [[i32x4_splat(0); 2]; ROWS];
        for (pair, words) in quants.iter().enumerate() {
            let (left, right) = (load(&words[..8]), load(&words[8..]));
            for (sum, x) in sum.iter_mut().zip(x) {
                let x = spread(&x[pair]);
                sum[0] = i32x4_add(sum[0], i32x4_dot_i16x8(left, x));
                sum[1] = i32x4_add(sum[1], i32x4_dot_i16x8(right, x));
            }
        }
        for half in 0..2 {
            let scale = load(&panel.scales[block][4 * half..]);
            for i in 0..ROWS {
                let mut scaled =
                    f32x4_mul(f32x4_mul(scale, f32x4_splat(scales[i][block])), f32x4_convert_i32x4(sum[i][half]));
                if MINIMA {
                    let minimum = load(&panel.minima[block][4 * half..]);
                    scaled = f32x4_add(scaled, f32x4_mul(minimum, f32x4_splat(sums[i][block])));
                }
                total[i][half] = f32x4_add(total[i][half], scaled);
            }
        }
    }
    total.map(|halves| {
        let mut values = [0.0; COLUMNS];
        for (four, half) in values.as_chunks_mut::<4>().0.iter_mut().zip(halves) {
            store(half, four);
        }
        values
    })
}

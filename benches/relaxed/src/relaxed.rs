//! Products with packed weights by `i32x4.relaxed_dot_i8x16_i7x16_add_s`: sixteen products of 8-bit integers and four sums.
//!
//! The loops are those of the package's kernel in `src/kernels/cpu/packed/wasm.rs`, with groups of four values where that has
//! pairs, and with the same steps in floats, so that results are equal to the bit.

use std::arch::wasm32::*;

use crate::cuts::Cut;
use crate::kernels::cpu::vectors::{load, store, transpose};
use crate::kernels::params::BLOCK;
use crate::wasm::{largest, rounded, sum};
use crate::weight::PackedWeight;

const COLUMNS: usize = 8;
/// Groups of four values in a block: what one 32-bit lane holds.
const QUADS: usize = BLOCK / 4;

/// Rows of x in pieces, padded with rows that count for nothing. The rows of a tile lie side by side.
struct Rows {
    /// For each tile and block: if the pieces are passed over one by one, for each piece and group the rows; otherwise for each
    /// group and piece.
    quads: Vec<[i8; 4]>,
    scales: Vec<f32>,
    sums: Vec<f32>,
}

impl Rows {
    fn new<C: Cut, const ROWS: usize, const ONE_PASS: bool>(x: &[f32], m: usize, k: usize) -> Self {
        let padded = m.next_multiple_of(ROWS);
        let blocks = k / BLOCK;
        let mut quads = vec![[0; 4]; padded * k / 4 * C::PIECES];
        let (mut scales, mut sums) = (vec![0.0; padded * blocks], vec![0.0; padded * blocks]);
        for (at, values) in x[..m * k].as_chunks::<BLOCK>().0.iter().enumerate() {
            let (row, block) = (at / blocks, at % blocks);
            let largest = largest(values);
            let inverse = if largest > 0.0 && largest.is_finite() { C::LARGEST / largest } else { 0.0 };
            let tile = row / ROWS * blocks + block;
            let quads = &mut quads[tile * QUADS * C::PIECES * ROWS..][..QUADS * C::PIECES * ROWS];
            for (half, values) in values.as_chunks::<16>().0.iter().enumerate() {
                let pieces = C::pieces([rounded(&values[..8], inverse), rounded(&values[8..], inverse)]);
                for (piece, bytes) in pieces.into_iter().enumerate().take(C::PIECES) {
                    let mut four = [[0i8; 4]; 4];
                    store(bytes, &mut four);
                    for (i, four) in four.into_iter().enumerate() {
                        let quad = half * 4 + i;
                        let group = if ONE_PASS { quad * C::PIECES + piece } else { piece * QUADS + quad };
                        quads[group * ROWS + row % ROWS] = four;
                    }
                }
            }
            scales[tile * ROWS + row % ROWS] = largest / C::LARGEST;
            if C::Weight::HAS_MINIMA {
                sums[tile * ROWS + row % ROWS] = sum(values);
            }
        }
        Self { quads, scales, sums }
    }
}

/// Columns of the weight side by side: for each group of four values the bytes of all columns.
struct Panel {
    quads: Vec<[i8; 4 * COLUMNS]>,
    /// For each block, what the offsets of the pieces add to its sums.
    offsets: Vec<[i32; COLUMNS]>,
    scales: Vec<[f32; COLUMNS]>,
    minima: Vec<[f32; COLUMNS]>,
}

impl Panel {
    /// Blocks of four columns, transposed four by four.
    fn fill<C: Cut>(&mut self, weight: &C::Weight<'_>, first: usize, columns: usize) {
        for (block, quads) in self.quads.as_chunks_mut::<QUADS>().0.iter_mut().enumerate() {
            let mut rows = [[i32x4_splat(0); 2]; COLUMNS];
            for (column, row) in rows.iter_mut().enumerate().take(columns) {
                *row = C::weights(weight, first + column, block);
                (self.scales[block][column], self.minima[block][column]) = weight.scale(first + column, block);
            }
            for (half, rows) in rows.as_chunks::<4>().0.iter().enumerate() {
                let mut sums = i32x4_splat(0);
                for part in 0..2 {
                    for (i, words) in transpose(rows.map(|row| row[part])).into_iter().enumerate() {
                        store(words, &mut quads[part * 4 + i][16 * half..][..16]);
                        let pairs = i16x8_extadd_pairwise_i8x16(words);
                        sums = i32x4_add(sums, i32x4_extadd_pairwise_i16x8(pairs));
                    }
                }
                store(i32x4_mul(sums, i32x4_splat(C::OFFSET)), &mut self.offsets[block][4 * half..][..4]);
            }
        }
    }
}

/// `out [m, n] = x [m, k] · wᵀ`, `ROWS` rows and eight columns at a time.
pub fn product<C: Cut, const ROWS: usize, const ONE_PASS: bool>(
    [m, n, k]: [usize; 3],
    x: &[f32],
    weight: &C::Weight<'_>,
    out: &mut [f32],
) {
    let rows = Rows::new::<C, ROWS, ONE_PASS>(x, m, k);
    let blocks = k / BLOCK;
    let mut panel = Panel {
        quads: vec![[0; 4 * COLUMNS]; k / 4],
        offsets: vec![[0; COLUMNS]; blocks],
        scales: vec![[0.0; COLUMNS]; blocks],
        minima: vec![[0.0; COLUMNS]; blocks],
    };
    for first in (0..n).step_by(COLUMNS) {
        let columns = COLUMNS.min(n - first);
        panel.fill::<C>(weight, first, columns);
        for at in (0..m).step_by(ROWS) {
            let tile = tile::<C, ROWS, ONE_PASS>(&rows, at / ROWS, &panel, blocks);
            for (i, values) in tile.iter().enumerate().take(m - at) {
                out[(at + i) * n + first..][..columns].copy_from_slice(&values[..columns]);
            }
        }
    }
}

#[inline(never)]
fn tile<C: Cut, const ROWS: usize, const ONE_PASS: bool>(
    rows: &Rows,
    tile: usize,
    panel: &Panel,
    blocks: usize,
) -> [[f32; COLUMNS]; ROWS] {
    let size = QUADS * C::PIECES * ROWS;
    let x = &rows.quads[tile * blocks * size..][..blocks * size];
    let scales = &rows.scales[tile * blocks * ROWS..][..blocks * ROWS];
    let sums = &rows.sums[tile * blocks * ROWS..][..blocks * ROWS];
    let mut total = [[f32x4_splat(0.0); 2]; ROWS];
    for block in 0..blocks {
        let offsets = &panel.offsets[block];
        let offsets = [load(&offsets[..4]), load(&offsets[4..])];
        let x = &x[block * size..][..size];
        let quads: &[[i8; 4 * COLUMNS]; QUADS] = (&panel.quads[block * QUADS..][..QUADS]).try_into().expect("a block");
        let sum = if ONE_PASS { one_pass::<C, ROWS>(x, quads, offsets) } else { passes::<C, ROWS>(x, quads, offsets) };
        let (scales, sums) = (&scales[block * ROWS..][..ROWS], &sums[block * ROWS..][..ROWS]);
        for half in 0..2 {
            let scale = load(&panel.scales[block][4 * half..]);
            for i in 0..ROWS {
                let mut scaled = f32x4_mul(f32x4_mul(scale, f32x4_splat(scales[i])), f32x4_convert_i32x4(sum[i][half]));
                if C::Weight::HAS_MINIMA {
                    let minimum = load(&panel.minima[block][4 * half..]);
                    scaled = f32x4_add(scaled, f32x4_mul(minimum, f32x4_splat(sums[i])));
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

type Sums<const ROWS: usize> = [[v128; 2]; ROWS];

/// A block in a pass for each piece, so that a sum takes one register.
#[inline(always)]
fn passes<C: Cut, const ROWS: usize>(
    x: &[[i8; 4]],
    quads: &[[i8; 4 * COLUMNS]; QUADS],
    offsets: [v128; 2],
) -> Sums<ROWS> {
    assert!(x.len() == QUADS * C::PIECES * ROWS);
    let mut sum = [[i32x4_splat(0); 2]; ROWS];
    let mut x = x.as_ptr().cast::<u32>();
    for piece in 0..C::PIECES {
        if piece > 0 {
            for (i, sum) in sum.as_flattened_mut().iter_mut().enumerate() {
                *sum = i32x4_shl(*sum, C::SHIFT);
                if piece + 1 == C::PIECES {
                    *sum = i32x4_add(*sum, offsets[i % 2]);
                }
            }
        }
        // SAFETY: the groups of a piece and of the panel are as many as are read, as was checked above.
        unsafe {
            let mut words = quads.as_ptr().cast::<v128>();
            for _ in 0..quads_in_block() {
                let (left, right) = (v128_load(words), v128_load(words.add(1)));
                for (i, sum) in sum.iter_mut().enumerate() {
                    let x = v128_load32_splat(x.add(i));
                    sum[0] = C::dot(x, left, sum[0]);
                    sum[1] = C::dot(x, right, sum[1]);
                }
                x = x.add(ROWS);
                words = words.add(2);
            }
        }
    }
    sum
}

/// A block in one pass, with sums for each piece.
#[inline(always)]
fn one_pass<C: Cut, const ROWS: usize>(
    x: &[[i8; 4]],
    quads: &[[i8; 4 * COLUMNS]; QUADS],
    offsets: [v128; 2],
) -> Sums<ROWS> {
    assert!(x.len() == QUADS * C::PIECES * ROWS && C::PIECES == 2);
    let mut sum = [[[i32x4_splat(0); 2]; ROWS]; 2];
    let mut x = x.as_ptr().cast::<u32>();
    // SAFETY: the groups of the rows and of the panel are as many as are read, as was checked above.
    unsafe {
        let mut words = quads.as_ptr().cast::<v128>();
        for _ in 0..quads_in_block() {
            let (left, right) = (v128_load(words), v128_load(words.add(1)));
            for (i, sum) in sum.as_flattened_mut().iter_mut().enumerate() {
                let x = v128_load32_splat(x.add(i));
                sum[0] = C::dot(x, left, sum[0]);
                sum[1] = C::dot(x, right, sum[1]);
            }
            x = x.add(2 * ROWS);
            words = words.add(2);
        }
    }
    std::array::from_fn(|i| {
        std::array::from_fn(|half| {
            let high = i32x4_add(i32x4_shl(sum[0][i][half], C::SHIFT), offsets[half]);
            i32x4_add(high, sum[1][i][half])
        })
    })
}

/// [`QUADS`], which the compiler is not told: it would unroll all of a block, and V8 keep the sums on the stack.
#[inline(always)]
fn quads_in_block() -> usize {
    let quads = std::hint::black_box(QUADS);
    // SAFETY: nothing changes it.
    unsafe { std::hint::assert_unchecked(quads > 0 && quads <= QUADS) };
    quads
}

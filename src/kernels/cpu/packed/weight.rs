//! Weights in packed blocks, read row by row.

use crate::kernels::params::BLOCK;

/// A weight in blocks; a value is scale times quant plus minimum.
pub trait PackedWeight {
    /// Whether any minimum is not zero.
    #[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "only wasm's loops leave them out"))]
    const HAS_MINIMA: bool;

    /// The quants of a row.
    fn quants(&self, row: usize, out: &mut [i16]);
    /// Scale and minimum of one of its blocks.
    fn scale(&self, row: usize, block: usize) -> (f32, f32);
}

/// Blocks of 8 bits.
pub struct Q8Weight<'a> {
    pub quants: &'a [i8],
    pub scales: &'a [f32],
    /// Values of a row.
    pub columns: usize,
}

impl PackedWeight for Q8Weight<'_> {
    const HAS_MINIMA: bool = false;

    fn quants(&self, row: usize, out: &mut [i16]) {
        let quants = &self.quants[row * self.columns..][..self.columns];
        out.iter_mut().zip(quants).for_each(|(out, &quant)| *out = i16::from(quant));
    }

    fn scale(&self, row: usize, block: usize) -> (f32, f32) {
        (self.scales[row * self.columns / BLOCK + block], 0.0)
    }
}

/// Blocks of 4 bits.
pub struct Q4Weight<'a> {
    pub quants: &'a [u8],
    /// Scale and minimum of each block.
    pub scales: &'a [f32],
    /// Values of a row.
    pub columns: usize,
}

impl PackedWeight for Q4Weight<'_> {
    const HAS_MINIMA: bool = true;

    fn quants(&self, row: usize, out: &mut [i16]) {
        let quants = &self.quants[row * self.columns / 2..][..self.columns / 2];
        for (pair, &byte) in out.as_chunks_mut::<2>().0.iter_mut().zip(quants) {
            *pair = [i16::from(byte & 15), i16::from(byte >> 4)];
        }
    }

    fn scale(&self, row: usize, block: usize) -> (f32, f32) {
        let at = 2 * (row * self.columns / BLOCK + block);
        (self.scales[at], self.scales[at + 1])
    }
}

//! Repacking of the 4-bit types of GGUF files into the layout of the kernels: eight quants a word in the order of the
//! values, and for each block of 32 a scale and a minimum. These are f32, which holds every value exactly.

use half::f16;

use crate::weights::DType;

/// Values of a block in the kernels' layout.
const BLOCK: usize = 32;

/// The quants and scales of whole blocks of Q4_0, Q4_1 or Q4_K. They dequantize to the values of ggml's formulas.
pub fn unpack_q4(dtype: DType, bytes: &[u8]) -> (Vec<u32>, Vec<f32>) {
    let blocks = bytes.len() / dtype.block_bytes() * dtype.block_len() / BLOCK;
    let (mut quants, mut scales) = (Vec::with_capacity(blocks * 4), Vec::with_capacity(blocks * 2));
    let half_at = |b: &[u8], at: usize| f16::from_le_bytes([b[at], b[at + 1]]).to_f32();
    for block in bytes.chunks_exact(dtype.block_bytes()) {
        match dtype {
            DType::Q4_0 => {
                let d = half_at(block, 0);
                scales.extend([d, -8.0 * d]);
                push_low_then_high(&block[2..], &mut quants);
            }
            DType::Q4_1 => {
                scales.extend([half_at(block, 0), half_at(block, 2)]);
                push_low_then_high(&block[4..], &mut quants);
            }
            _ => {
                let (d, dmin) = (half_at(block, 0), half_at(block, 2));
                for group in 0..8 {
                    let (scale, minimum) = DType::q4k_scale_and_minimum(&block[4..16], group);
                    scales.extend([d * f32::from(scale), -(dmin * f32::from(minimum))]);
                    let shift = group % 2 * 4;
                    push_nibbles(&block[16 + group / 2 * BLOCK..][..BLOCK], shift, &mut quants);
                }
            }
        }
    }
    (quants, scales)
}

/// The low halves of all bytes, then the high ones.
fn push_low_then_high(bytes: &[u8], quants: &mut Vec<u32>) {
    push_nibbles(bytes, 0, quants);
    push_nibbles(bytes, 4, quants);
}

/// The half of each byte that begins at bit `shift`. Without a list of them between: a layer is repacked at every pass of a
/// model that does not fit.
fn push_nibbles(bytes: &[u8], shift: usize, quants: &mut Vec<u32>) {
    let word = |eight: &[u8]| eight.iter().rev().fold(0u32, |word, &byte| word << 4 | u32::from(byte >> shift & 15));
    quants.extend(bytes.chunks_exact(8).map(word));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repacked_values_are_those_of_the_file() {
        for dtype in [DType::Q4_0, DType::Q4_1, DType::Q4K] {
            let mut bytes: Vec<u8> = (0..dtype.block_bytes() * 5).map(|i| (i * 37 % 251) as u8).collect();
            for block in bytes.chunks_exact_mut(dtype.block_bytes()) {
                block[1] &= 0x3F; // finite scales
                block[3] &= 0x3F;
            }
            let mut want = Vec::new();
            dtype.widen(&bytes, &mut want);
            let (quants, scales) = unpack_q4(dtype, &bytes);
            assert_eq!(quants.len() * 8, want.len());
            for (i, want) in want.iter().enumerate() {
                let quant = (quants[i / 8] >> (i % 8 * 4) & 15) as f32;
                let got = scales[i / BLOCK * 2] * quant + scales[i / BLOCK * 2 + 1];
                assert!(
                    (got - want).abs() <= want.abs() * 1e-6 + 1e-6 * scales[i / BLOCK * 2].abs() * 16.0,
                    "{dtype:?} {i}"
                );
            }
        }
    }
}

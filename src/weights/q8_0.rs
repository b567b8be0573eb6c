//! 8-bit blocks of 32, as ggml's Q8_0 makes them, in the layout that `kernels::q8_matmul` reads.

use half::f16;

const BLOCK: usize = 32;

/// Quantizes rows of `columns` values. Gives the quants, four little-endian signed bytes a word, and the scales.
///
/// The scale is rounded to half precision after the quants were formed with the unrounded one, as ggml does, so that
/// a file made there and weights quantized here are the same numbers.
pub fn quantize_q8_0(values: &[f32], columns: usize) -> (Vec<u32>, Vec<f32>) {
    assert!(columns.is_multiple_of(BLOCK) && values.len().is_multiple_of(columns));
    let mut quants = Vec::with_capacity(values.len() / 4);
    let mut scales = Vec::with_capacity(values.len() / BLOCK);
    for block in values.chunks_exact(BLOCK) {
        let largest = block.iter().fold(0.0f32, |max, v| max.max(v.abs()));
        let scale = largest / 127.0;
        let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
        scales.push(f16::from_f32(scale).to_f32());
        quants.extend(block.chunks_exact(4).map(|v| {
            let byte = |i: usize| (v[i] * inverse).round() as i8 as u8;
            u32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)])
        }));
    }
    (quants, scales)
}

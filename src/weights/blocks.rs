//! ggml's quantized blocks: dequantizing all supported types, and quantizing to those that `convert` writes.

use half::{bf16, f16};

use super::dtype::DType;

const SMALL: usize = 32;
const LARGE: usize = 256;

impl DType {
    /// Appends the values of whole blocks. Floats widen exactly; quantized blocks are computed in ggml's order of
    /// operations, so that the values are the same to the last bit.
    pub fn widen(self, bytes: &[u8], out: &mut Vec<f32>) {
        match self {
            Self::F32 => out.extend(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))),
            Self::F16 => out.extend(bytes.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32())),
            Self::BF16 => out.extend(bytes.chunks_exact(2).map(|b| bf16::from_le_bytes([b[0], b[1]]).to_f32())),
            quantized => dequantize(quantized, bytes, out),
        }
    }

    /// The six-bit scale and minimum of one of the eight groups of Q4_K and Q5_K, from their twelve packed bytes.
    pub fn q4k_scale_and_minimum(packed: &[u8], group: usize) -> (u8, u8) {
        scale_and_minimum(packed, group)
    }
}

fn dequantize(dtype: DType, bytes: &[u8], out: &mut Vec<f32>) {
    out.reserve(bytes.len() / dtype.block_bytes() * dtype.block_len());
    let blocks = bytes.chunks_exact(dtype.block_bytes());
    match dtype {
        DType::Q8_0 => blocks.for_each(|b| {
            let d = half_at(b, 0);
            out.extend(b[2..].iter().map(|&q| f32::from(q as i8) * d));
        }),
        DType::Q4_0 => blocks.for_each(|b| {
            let d = half_at(b, 0);
            out.extend(nibbles(&b[2..]).map(|q| d * (f32::from(q) - 8.0)));
        }),
        DType::Q4_1 => blocks.for_each(|b| {
            let (d, m) = (half_at(b, 0), half_at(b, 2));
            out.extend(nibbles(&b[4..]).map(|q| d * f32::from(q) + m));
        }),
        DType::Q5_0 => blocks.for_each(|b| {
            let (d, high) = (half_at(b, 0), word_at(b, 2));
            out.extend(five_bit(&b[6..], high).map(|q| d * (f32::from(q) - 16.0)));
        }),
        DType::Q5_1 => blocks.for_each(|b| {
            let (d, m, high) = (half_at(b, 0), half_at(b, 2), word_at(b, 4));
            out.extend(five_bit(&b[8..], high).map(|q| d * f32::from(q) + m));
        }),
        DType::Q4K => blocks.for_each(|b| dequantize_q4_or_q5_k(b, &b[16..], None, out)),
        DType::Q5K => blocks.for_each(|b| dequantize_q4_or_q5_k(b, &b[48..], Some(&b[16..48]), out)),
        DType::Q6K => blocks.for_each(|b| dequantize_q6_k(b, out)),
        DType::F32 | DType::F16 | DType::BF16 => {}
    }
}

fn half_at(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

fn word_at(block: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
}

/// The low nibbles of all bytes, then the high ones.
fn nibbles(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.iter().map(|b| b & 15).chain(bytes.iter().map(|b| b >> 4))
}

fn five_bit(bytes: &[u8], high: u32) -> impl Iterator<Item = u8> {
    nibbles(bytes).enumerate().map(move |(i, q)| q | (((high >> i) & 1) as u8) << 4)
}

/// Q4_K and Q5_K: eight groups of 32, each with a scale and a minimum of six bits.
fn dequantize_q4_or_q5_k(block: &[u8], quants: &[u8], high: Option<&[u8]>, out: &mut Vec<f32>) {
    let (d, dmin) = (half_at(block, 0), half_at(block, 2));
    let packed = &block[4..16];
    for group in 0..LARGE / SMALL {
        let (scale, minimum) = scale_and_minimum(packed, group);
        let (scale, minimum) = (d * f32::from(scale), dmin * f32::from(minimum));
        // Two groups share 32 bytes: one has their low nibbles, the other their high ones.
        let bytes = &quants[group / 2 * SMALL..][..SMALL];
        let shift = group % 2 * 4;
        out.extend(bytes.iter().enumerate().map(|(i, byte)| {
            let fifth = high.map_or(0, |high| (high[i] >> group & 1) << 4);
            scale * f32::from(byte >> shift & 15 | fifth) - minimum
        }));
    }
}

fn scale_and_minimum(packed: &[u8], group: usize) -> (u8, u8) {
    if group < 4 {
        return (packed[group] & 63, packed[group + 4] & 63);
    }
    let low = packed[group + 4];
    (low & 15 | packed[group - 4] >> 6 << 4, low >> 4 | packed[group] >> 6 << 4)
}

/// Q6_K: two halves of 128, each of four runs of 32, each of two groups of 16.
fn dequantize_q6_k(block: &[u8], out: &mut Vec<f32>) {
    let d = half_at(block, 208);
    for half in 0..2 {
        let (low, high) = (&block[64 * half..][..64], &block[128 + 32 * half..][..32]);
        let scales = &block[192 + 8 * half..][..8];
        for run in 0..4 {
            out.extend((0..SMALL).map(|i| {
                let four = low[run % 2 * SMALL + i] >> (run / 2 * 4) & 15;
                let two = high[i] >> (2 * run) & 3;
                let scale = d * f32::from(scales[2 * run + i / 16] as i8);
                scale * (f32::from(four | two << 4) - 32.0)
            }));
        }
    }
}

/// Appends a row in F32, F16, BF16, Q8_0 or Q4_0, quantized as ggml does. `false` for any other type, or if the row is
/// not whole blocks.
///
/// ```
/// use secondpass::weights::{DType, quantize};
///
/// let (row, mut bytes, mut values) = ([0.5f32; 32], Vec::new(), Vec::new());
/// assert!(quantize(DType::Q8_0, &row, &mut bytes));
/// DType::Q8_0.widen(&bytes, &mut values);
/// assert!(values.iter().all(|v| (v - 0.5).abs() < 1e-3));
/// ```
#[must_use]
pub fn quantize(dtype: DType, row: &[f32], out: &mut Vec<u8>) -> bool {
    if !row.len().is_multiple_of(dtype.block_len()) {
        return false;
    }
    match dtype {
        DType::F32 => out.extend(row.iter().flat_map(|v| v.to_le_bytes())),
        DType::F16 => out.extend(row.iter().flat_map(|&v| f16::from_f32(v).to_le_bytes())),
        DType::BF16 => out.extend(row.iter().flat_map(|&v| bf16::from_f32(v).to_le_bytes())),
        DType::Q8_0 => row.chunks_exact(SMALL).for_each(|block| quantize_q8_0(block, out)),
        DType::Q4_0 => row.chunks_exact(SMALL).for_each(|block| quantize_q4_0(block, out)),
        _ => return false,
    }
    true
}

fn quantize_q8_0(block: &[f32], out: &mut Vec<u8>) {
    let largest = block.iter().fold(0.0f32, |max, v| max.max(v.abs()));
    let d = largest / 127.0;
    let inverse = if d == 0.0 { 0.0 } else { 1.0 / d };
    out.extend(f16::from_f32(d).to_le_bytes());
    out.extend(block.iter().map(|v| (v * inverse).round() as i8 as u8));
}

fn quantize_q4_0(block: &[f32], out: &mut Vec<u8>) {
    // The value of largest magnitude, with its sign, becomes -8: the range of the quants is not symmetric.
    let largest = block.iter().fold(0.0f32, |max: f32, &v| if v.abs() > max.abs() { v } else { max });
    let d = largest / -8.0;
    let inverse = if d == 0.0 { 0.0 } else { 1.0 / d };
    let quant = |v: f32| ((v * inverse + 8.5) as u8).min(15);
    out.extend(f16::from_f32(d).to_le_bytes());
    let (low, high) = block.split_at(SMALL / 2);
    out.extend(low.iter().zip(high).map(|(&l, &h)| quant(l) | quant(h) << 4));
}

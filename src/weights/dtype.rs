//! The types in which files keep numbers, widened to f32.

use half::{bf16, f16};

use super::blocks;

/// A type that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    /// IEEE single.
    F32,
    /// IEEE half.
    F16,
    /// The upper half of a single.
    BF16,
    /// 32 values of 4 bits under a scale.
    Q4_0,
    /// 32 values of 4 bits under a scale and a minimum.
    Q4_1,
    /// 32 values of 5 bits under a scale.
    Q5_0,
    /// 32 values of 5 bits under a scale and a minimum.
    Q5_1,
    /// 32 values of 8 bits under a scale.
    Q8_0,
    /// 256 values of 4 bits in eight groups, whose scales and minima are quantized too.
    Q4K,
    /// The same with 5 bits.
    Q5K,
    /// 256 values of 6 bits in sixteen groups, whose scales are quantized too.
    Q6K,
}

impl DType {
    /// Every type that is read.
    pub const ALL: [Self; 11] = [
        Self::F32,
        Self::F16,
        Self::BF16,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
    ];

    /// By the name that safetensors use.
    pub fn from_safetensors(name: &str) -> Option<Self> {
        match name {
            "F32" => Some(Self::F32),
            "F16" => Some(Self::F16),
            "BF16" => Some(Self::BF16),
            _ => None,
        }
    }

    /// By the number that GGUF uses.
    pub fn from_ggml(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.ggml() == number)
    }

    /// The number that GGUF uses.
    pub fn ggml(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q4_0 => 2,
            Self::Q4_1 => 3,
            Self::Q5_0 => 6,
            Self::Q5_1 => 7,
            Self::Q8_0 => 8,
            Self::Q4K => 12,
            Self::Q5K => 13,
            Self::Q6K => 14,
            Self::BF16 => 30,
        }
    }

    /// The name shown to people.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::Q4_0 => "Q4_0",
            Self::Q4_1 => "Q4_1",
            Self::Q5_0 => "Q5_0",
            Self::Q5_1 => "Q5_1",
            Self::Q8_0 => "Q8_0",
            Self::Q4K => "Q4_K",
            Self::Q5K => "Q5_K",
            Self::Q6K => "Q6_K",
        }
    }

    /// Values that are stored together.
    pub fn block_len(self) -> usize {
        match self {
            Self::F32 | Self::F16 | Self::BF16 => 1,
            Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 | Self::Q8_0 => 32,
            Self::Q4K | Self::Q5K | Self::Q6K => 256,
        }
    }

    /// Bytes that they take.
    pub fn block_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::Q4_0 => 18,
            Self::Q4_1 => 20,
            Self::Q5_0 => 22,
            Self::Q5_1 => 24,
            Self::Q8_0 => 34,
            Self::Q4K => 144,
            Self::Q5K => 176,
            Self::Q6K => 210,
        }
    }

    /// Bytes of that many values, which must be whole blocks.
    pub fn bytes_of(self, values: u64) -> Option<u64> {
        let len = self.block_len() as u64;
        if values.is_multiple_of(len) { (values / len).checked_mul(self.block_bytes() as u64) } else { None }
    }

    /// The six-bit scale and minimum of one of the eight groups of Q4_K and Q5_K, from their twelve packed bytes.
    pub fn q4k_scale_and_minimum(packed: &[u8], group: usize) -> (u8, u8) {
        blocks::scale_and_minimum(packed, group)
    }

    /// Appends the values of whole blocks. Plain floats widen exactly; blocks are computed in the order of operations
    /// of ggml's own tools, so that the numbers are the same to the last bit.
    pub fn widen(self, bytes: &[u8], out: &mut Vec<f32>) {
        match self {
            Self::F32 => out.extend(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))),
            Self::F16 => out.extend(bytes.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32())),
            Self::BF16 => out.extend(bytes.chunks_exact(2).map(|b| bf16::from_le_bytes([b[0], b[1]]).to_f32())),
            quantized => blocks::dequantize(quantized, bytes, out),
        }
    }
}

/// Bytes of one value of every type that safetensors name, so that the layout of a file can be checked also where
/// one of its tensors could not be read.
pub(super) fn size_of_any(name: &str) -> Option<u64> {
    match name {
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" => Some(1),
        "I16" | "U16" | "F16" | "BF16" => Some(2),
        "I32" | "U32" | "F32" => Some(4),
        "I64" | "U64" | "F64" | "C64" => Some(8),
        _ => None,
    }
}

/// The name of a type that GGUF numbers and we do not read.
pub(super) fn name_of_ggml(number: u32) -> String {
    let name = match number {
        9 => "Q8_1",
        10 => "Q2_K",
        11 => "Q3_K",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        20 => "IQ4_NL",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        24 => "I8",
        25 => "I16",
        26 => "I32",
        27 => "I64",
        28 => "F64",
        29 => "IQ1_M",
        34 => "TQ1_0",
        35 => "TQ2_0",
        39 => "MXFP4",
        _ => return format!("number {number}"),
    };
    name.to_owned()
}

/// Bytes and values of a block of the types that are known but not read, to check the layout of a file.
pub(super) fn block_of_ggml(number: u32) -> Option<(u64, u64)> {
    if let Some(dtype) = DType::from_ggml(number) {
        return Some((dtype.block_bytes() as u64, dtype.block_len() as u64));
    }
    match number {
        10 => Some((84, 256)),
        11 => Some((110, 256)),
        15 => Some((292, 256)),
        16 => Some((66, 256)),
        17 => Some((74, 256)),
        18 => Some((98, 256)),
        19 => Some((50, 256)),
        20 => Some((18, 32)),
        21 => Some((110, 256)),
        22 => Some((82, 256)),
        23 => Some((136, 256)),
        24 => Some((1, 1)),
        25 => Some((2, 1)),
        26 => Some((4, 1)),
        27 | 28 => Some((8, 1)),
        29 => Some((56, 256)),
        34 => Some((54, 256)),
        35 => Some((66, 256)),
        39 => Some((17, 32)),
        _ => None,
    }
}

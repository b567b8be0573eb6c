//! The element types of stored tensors.

/// A supported element type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    /// IEEE single.
    F32,
    /// IEEE half.
    F16,
    /// The upper half of a single.
    BF16,
    /// Blocks of 32 values of 4 bits with a scale.
    Q4_0,
    /// Blocks of 32 values of 4 bits with a scale and a minimum.
    Q4_1,
    /// Blocks of 32 values of 5 bits with a scale.
    Q5_0,
    /// Blocks of 32 values of 5 bits with a scale and a minimum.
    Q5_1,
    /// Blocks of 32 values of 8 bits with a scale.
    Q8_0,
    /// Blocks of 256 values of 4 bits in eight groups, whose scales and minima are quantized too.
    Q4K,
    /// The same with 5 bits.
    Q5K,
    /// Blocks of 256 values of 6 bits in sixteen groups, whose scales are quantized too.
    Q6K,
}

impl DType {
    /// Every supported type.
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

    /// By its name in safetensors.
    pub fn from_safetensors(name: &str) -> Option<Self> {
        match name {
            "F32" => Some(Self::F32),
            "F16" => Some(Self::F16),
            "BF16" => Some(Self::BF16),
            _ => None,
        }
    }

    /// By its number in GGUF.
    pub fn from_ggml(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.ggml() == number)
    }

    /// Its number in GGUF.
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

    /// Values of a block.
    pub fn block_len(self) -> usize {
        match self {
            Self::F32 | Self::F16 | Self::BF16 => 1,
            Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 | Self::Q8_0 => 32,
            Self::Q4K | Self::Q5K | Self::Q6K => 256,
        }
    }

    /// Bytes of a block.
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
}

/// Bytes of one value of every type of the safetensors format, so that the layout of a file can be checked even where
/// it holds tensors of unsupported types.
pub(super) fn size_of_any(name: &str) -> Option<u64> {
    match name {
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" => Some(1),
        "I16" | "U16" | "F16" | "BF16" => Some(2),
        "I32" | "U32" | "F32" => Some(4),
        "I64" | "U64" | "F64" | "C64" => Some(8),
        _ => None,
    }
}

/// The name of an unsupported GGUF type.
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

/// Bytes and values of a block of every known GGUF type, supported or not, to check the layout of a file.
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

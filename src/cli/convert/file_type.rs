//! `--type`: the type of a file's matrices.

use crate::weights::DType;

/// The type in which matrices are stored, as llama.cpp's `LLAMA_FTYPE` names it.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FileType {
    /// 4 bits per value and a scale per 32 values: the smallest
    #[value(name = "q4_0")]
    Q4_0,
    /// 8 bits per value and a scale per 32 values: scores nearly as in the original
    #[value(name = "q8_0")]
    Q8_0,
    /// 16 bits per value
    #[value(name = "f16")]
    F16,
    /// 32 bits per value: exactly the original
    #[value(name = "f32")]
    F32,
}

impl FileType {
    /// The type of a matrix.
    pub fn dtype(self) -> DType {
        match self {
            Self::Q4_0 => DType::Q4_0,
            Self::Q8_0 => DType::Q8_0,
            Self::F16 => DType::F16,
            Self::F32 => DType::F32,
        }
    }

    /// The value of `general.file_type`: llama.cpp's `LLAMA_FTYPE_ALL_F32` and `LLAMA_FTYPE_MOSTLY_*`.
    pub fn ftype(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q4_0 => 2,
            Self::Q8_0 => 7,
        }
    }
}

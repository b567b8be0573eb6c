//! What can be wrong with weights.

use crate::bytes::{FileFault, SourceError};

/// Why weights could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// A file that contradicts itself or its format.
    #[error("{file} is not a valid file of weights: {detail}")]
    Invalid {
        /// The file.
        file: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A tensor that the model needs is missing, or has another shape.
    #[error("tensor {tensor}: {detail}")]
    Tensor {
        /// The tensor.
        tensor: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A tensor of a type that is not supported.
    #[error(
        "tensor {tensor} is stored as {dtype}, which is not run. Take a file in F32, F16 or BF16, or a GGUF in Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K or Q6_K"
    )]
    DType {
        /// The tensor.
        tensor: String,
        /// Its type, as the file names it.
        dtype: String,
    },
    /// The bytes could not be had.
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl WeightsError {
    /// The code that JavaScript sees.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "invalid_weights",
            Self::Tensor { .. } => "missing_tensor",
            Self::DType { .. } => "unsupported_dtype",
            Self::Source(error) => error.code(),
        }
    }

    /// The HTTP status a server would give.
    pub fn status(&self) -> u16 {
        match self {
            Self::Invalid { .. } | Self::Tensor { .. } | Self::DType { .. } => 422,
            Self::Source(error) => error.status(),
        }
    }

    /// What this says about the files, if they are to blame.
    pub fn file_fault(&self) -> Option<FileFault> {
        match self {
            Self::Invalid { .. } | Self::Tensor { .. } | Self::DType { .. } => Some(FileFault::Content),
            Self::Source(error) => error.file_fault(),
        }
    }

    pub(crate) fn invalid(file: &str, detail: impl Into<String>) -> Self {
        Self::Invalid { file: file.to_owned(), detail: detail.into() }
    }
}

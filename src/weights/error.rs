//! What can be wrong with files of weights.

/// Why weights could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// The folder has no such file.
    #[error("{file} was not found; check that the model's address is that of the folder which holds it")]
    NotFound {
        /// The file.
        file: String,
    },
    /// The bytes did not arrive.
    #[error("{file} could not be read: {detail}. Check the connection, and that the server allows this page (CORS)")]
    Network {
        /// The file.
        file: String,
        /// What happened.
        detail: String,
    },
    /// Bytes arrived that are not what was asked for.
    #[error("{file} is not what was asked for: {detail}")]
    BadResponse {
        /// The file.
        file: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A file of weights that contradicts itself.
    #[error("{file} is not a valid file of weights: {detail}")]
    Invalid {
        /// The file.
        file: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A tensor that the model needs is not there, or has another shape.
    #[error("tensor {tensor}: {detail}")]
    Tensor {
        /// The tensor.
        tensor: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A tensor of a type that is not read.
    #[error(
        "tensor {tensor} is stored as {dtype}, which is not run. Take a file in F32, F16 or BF16, or a GGUF in Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K or Q6_K"
    )]
    DType {
        /// The tensor.
        tensor: String,
        /// Its type, as the file names it.
        dtype: String,
    },
    /// The caller took the load back.
    #[error("the load was aborted")]
    Aborted,
}

impl WeightsError {
    /// The code that JavaScript sees.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Network { .. } => "network",
            Self::BadResponse { .. } => "bad_response",
            Self::Invalid { .. } => "invalid_weights",
            Self::Tensor { .. } => "missing_tensor",
            Self::DType { .. } => "unsupported_dtype",
            Self::Aborted => "aborted",
        }
    }

    /// The HTTP status a server would give.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound { .. } => 404,
            Self::Network { .. } => 503,
            Self::BadResponse { .. } => 502,
            Self::Invalid { .. } | Self::Tensor { .. } | Self::DType { .. } => 422,
            Self::Aborted => 499,
        }
    }
}

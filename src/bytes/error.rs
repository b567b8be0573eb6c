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
    #[error(
        "{file} could not be read: {detail}. Check the connection, and for a page that the server allows it (CORS)"
    )]
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
    /// The host answers, but the browser may not let this page read it.
    #[error(
        "{file} could not be read: the server answers, but does not allow this page to read it. It must send Access-Control-Allow-Origin (CORS)"
    )]
    Cors {
        /// The file.
        file: String,
    },
    /// The file at the address is another one than the one whose download began.
    #[error("{file} changed on the server while it was loaded; load it again")]
    Changed {
        /// The file.
        file: String,
    },
    /// The whole file arrived and is not the one that was asked for.
    #[error("{file} is not the file that was asked for: its hash is {got}, integrity asks for {want}")]
    Integrity {
        /// The file.
        file: String,
        /// What was asked for.
        want: String,
        /// What came.
        got: String,
    },
    /// There is no room for it.
    #[error("{}", full(file, *needed, *free))]
    StorageFull {
        /// The file.
        file: String,
        /// Bytes that are needed, where they are known.
        needed: Option<u64>,
        /// Bytes that are free, where they are known.
        free: Option<u64>,
    },
    /// Storage does not do what it should.
    #[error("{file} could not be stored or read back: {detail}")]
    Storage {
        /// The file.
        file: String,
        /// What happened.
        detail: String,
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
            Self::Cors { .. } => "cors",
            Self::Changed { .. } => "file_changed",
            Self::Integrity { .. } => "integrity",
            Self::StorageFull { .. } => "storage_full",
            Self::Storage { .. } => "storage_failed",
            Self::Aborted => "aborted",
        }
    }

    /// The HTTP status a server would give.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound { .. } => 404,
            Self::Network { .. } => 503,
            Self::BadResponse { .. } | Self::Cors { .. } => 502,
            Self::Changed { .. } => 409,
            Self::StorageFull { .. } => 507,
            Self::Storage { .. } => 500,
            Self::Invalid { .. } | Self::Tensor { .. } | Self::DType { .. } | Self::Integrity { .. } => 422,
            Self::Aborted => 499,
        }
    }
}

fn full(file: &str, needed: Option<u64>, free: Option<u64>) -> String {
    let bytes = match (needed, free) {
        (Some(needed), Some(free)) => format!(": {needed} bytes are needed and {free} are free"),
        _ => String::new(),
    };
    format!(
        "there is no room to store {file}{bytes}. Free some space, or load with cache: \"memory\", which stores nothing"
    )
}

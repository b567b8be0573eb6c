//! What can go wrong between a file and whoever reads it.

/// Why the bytes of a file could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The folder has no such file.
    #[error("{}", not_found(file))]
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
    /// The file ends before bytes that it ought to hold.
    #[error("{file} is not a valid file of weights: it is truncated, it ends too early")]
    Truncated {
        /// The file.
        file: String,
    },
    /// The host answers, but the browser does not let this page read the response.
    #[error(
        "{file} could not be read: the server answers, but does not allow this page to read it. It must send Access-Control-Allow-Origin (CORS)"
    )]
    Cors {
        /// The file.
        file: String,
    },
    /// The file was replaced on the host after its download began.
    #[error("{file} changed on the server while it was loaded; load it again")]
    Changed {
        /// The file.
        file: String,
        /// The hash of what came, where it is not the expected one.
        got: Option<String>,
    },
    /// The whole file arrived, and its hash is not the expected one.
    #[error("{file} is not the file that was asked for: its hash is {got}, integrity asks for {want}")]
    Integrity {
        /// The file.
        file: String,
        /// The expected hash.
        want: String,
        /// The hash of what arrived.
        got: String,
    },
    /// Storage has no room for the file.
    #[error("{}", storage_full(file, *needed, *free))]
    StorageFull {
        /// The file.
        file: String,
        /// Bytes that are needed, where they are known.
        needed: Option<u64>,
        /// Bytes that are free, where they are known.
        free: Option<u64>,
    },
    /// The files of a model are larger than this device can hold.
    #[error(
        "the files of the model have {} MB, and on this device a page that needs much more than {} MB is ended. Use a smaller model, or its GGUF file in 4 bits", bytes / 1_000_000, most / 1_000_000
    )]
    TooLarge {
        /// Of all files together.
        bytes: u64,
        /// What the page allows.
        most: u64,
    },
    /// Storage failed in another way.
    #[error("{file} could not be stored or read back: {detail}")]
    Storage {
        /// The file.
        file: String,
        /// What happened.
        detail: String,
    },
    /// The caller cancelled the load.
    #[error("the load was aborted")]
    Aborted,
}

/// What a failure says about the files that were being read. It decides what is done with stored copies of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFault {
    /// Their content makes no sense: it may have arrived damaged.
    Content,
    /// The host may have other files by now.
    Outdated,
}

impl SourceError {
    /// The code that JavaScript sees.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Network { .. } => "network",
            Self::BadResponse { .. } => "bad_response",
            Self::Truncated { .. } => "invalid_weights",
            Self::Cors { .. } => "cors",
            Self::Changed { .. } => "file_changed",
            Self::Integrity { .. } => "integrity",
            Self::StorageFull { .. } => "storage_full",
            Self::TooLarge { .. } => "model_too_large",
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
            Self::TooLarge { .. } => 413,
            Self::StorageFull { .. } => 507,
            Self::Storage { .. } => 500,
            Self::Truncated { .. } | Self::Integrity { .. } => 422,
            Self::Aborted => 499,
        }
    }

    /// What this says about the file, if the file is to blame.
    pub fn file_fault(&self) -> Option<FileFault> {
        match self {
            Self::Truncated { .. } => Some(FileFault::Content),
            Self::BadResponse { .. } | Self::NotFound { .. } => Some(FileFault::Outdated),
            _ => None,
        }
    }

    pub(crate) fn bad_response(file: &str, detail: impl Into<String>) -> Self {
        Self::BadResponse { file: file.to_owned(), detail: detail.into() }
    }

    pub(crate) fn truncated(file: &str) -> Self {
        Self::Truncated { file: file.to_owned() }
    }
}

/// A GGUF file is named by its own address, any other by that of its folder.
fn not_found(file: &str) -> String {
    if file.to_ascii_lowercase().ends_with(".gguf") {
        format!("{file} was not found; check the address of the file")
    } else {
        format!("{file} was not found; check that the model's address is that of the folder which holds it")
    }
}

fn storage_full(file: &str, needed: Option<u64>, free: Option<u64>) -> String {
    let bytes = match (needed, free) {
        (Some(needed), Some(free)) => format!(": {needed} bytes are needed and {free} are free"),
        _ => String::new(),
    };
    format!(
        "there is no room to store {file}{bytes}. Free some space, or load with cache: \"memory\", which stores nothing"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_looked_for_where_it_is_named() {
        let message = |file: &str| SourceError::NotFound { file: file.to_owned() }.to_string();
        assert!(message("model-Q8_0.GGUF").contains("address of the file"));
        assert!(message("config.json").contains("folder"));
    }
}

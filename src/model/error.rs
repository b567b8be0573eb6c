//! Why a model cannot be built or run.

use super::placement::DeviceKind;
use crate::kernels::selection::SelectionError;
use crate::weights::WeightsError;

/// Why a model cannot be built or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The model's configuration, in `config.json` or in the metadata of a GGUF file.
    #[error("{file}: {source}")]
    Config {
        /// The file that holds it.
        file: String,
        /// What is wrong with it.
        source: ConfigError,
    },
    /// The tokenizer produces a token that has no embedding.
    #[error(
        "the tokenizer produces token id {id}, but the model has {rows} embeddings: the tokenizer belongs to another model"
    )]
    TokenOutOfRange {
        /// The token.
        id: u32,
        /// Rows of the embedding table.
        rows: usize,
    },
    /// More tokens than the model has positions for.
    #[error("a pair has {tokens} tokens, and the model has positions for {limit}; give a smaller max_length")]
    TooManyTokens {
        /// The pair's tokens.
        tokens: usize,
        /// The most that the model can read.
        limit: usize,
    },
    /// The placeholder tokens of a prompt are not those of its images and videos.
    #[error("the prompt's placeholder tokens do not match the images and videos given with it")]
    PlaceholderMismatch,
    /// The files that hold the weights.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A score computed on the CPU is NaN, so NaN or an overflow came from the weights.
    #[error(
        "a score is not a number: the weights hold values that are not numbers, or too large ones. Compare the files with the published ones; they may be damaged"
    )]
    NonFiniteScore,
    /// The device failed while it computed.
    #[error("the device failed: {0}")]
    Device(#[from] DeviceError),
    /// The caller cancelled the work.
    #[error("the request was aborted")]
    Aborted,
}

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read, or contradicts itself.
    #[error("{0}")]
    Invalid(String),
    /// It is well-formed, and of a kind of model that is not supported.
    #[error("{0}")]
    Unsupported(String),
}

/// How a device failed.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// Results could not be read back.
    #[error("{0}")]
    Readback(String),
    /// No kernels could be selected for it.
    #[error(transparent)]
    KernelSelection(#[from] SelectionError),
    /// A score is NaN. Unlike on the CPU that can be the device's fault, and worth another try.
    #[error("a score is not a number, so the device computed wrongly, or the weights hold values that are not numbers")]
    NonFiniteScore,
    /// A row of an embedding table on the device was used before it was read back.
    #[error("rows of the embedding table were not fetched")]
    EmbeddingNotFetched,
}

impl ConfigError {
    /// The error of the file that holds the configuration.
    pub fn in_file(self, file: &str) -> ModelError {
        ModelError::Config { file: file.to_owned(), source: self }
    }
}

impl ModelError {
    /// The error for results that are NaN. The CPU computes what it is given; a GPU may have failed, and another try may
    /// succeed.
    pub(super) fn not_finite(kind: DeviceKind) -> Self {
        match kind {
            DeviceKind::Cpu => Self::NonFiniteScore,
            DeviceKind::WebGpu | DeviceKind::Gpu => DeviceError::NonFiniteScore.into(),
        }
    }

    /// The code that JavaScript sees.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config { source: ConfigError::Unsupported(_), .. } => "unsupported_model",
            Self::Config { .. } | Self::TokenOutOfRange { .. } | Self::PlaceholderMismatch => "invalid_config",
            Self::TooManyTokens { .. } => "invalid_request",
            Self::Weights(e) => e.code(),
            Self::NonFiniteScore => "invalid_weights",
            Self::Device(_) => "device_lost",
            Self::Aborted => "aborted",
        }
    }

    /// The HTTP status a server would give.
    pub fn status(&self) -> u16 {
        match self {
            Self::Config { source: ConfigError::Unsupported(_), .. } => 501,
            Self::Config { .. } | Self::TokenOutOfRange { .. } | Self::PlaceholderMismatch | Self::NonFiniteScore => {
                422
            }
            Self::TooManyTokens { .. } => 400,
            Self::Weights(e) => e.status(),
            Self::Device(_) => 500,
            Self::Aborted => 499,
        }
    }
}

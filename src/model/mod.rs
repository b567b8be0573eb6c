//! The models as burn modules, generic in every size and free of any backend: a tensor knows its device, and the
//! kernels of our own are dispatched by it.

mod attention;
mod config;
mod decoder;
mod embedding;
mod expected;
mod head;
mod layout;
mod linear;
mod load;
mod norm;
mod pace;
mod probe;
mod repack;
mod reranker;
mod rope;
mod turns;
mod vision;

pub use config::{Config, Family, MAX_CONFIG_BYTES, TextConfig, VisionConfig};
pub use expected::{Expected, check_complete, expected};
pub use head::Head;
pub use linear::Precision;
pub use probe::{Probe, Stage};
pub use reranker::{Home, LoadStep, Pass, Prefix, Prompt, Reranker, TokenIds};
pub use turns::{NoTurns, Turns};
pub use vision::{VisionFeatures, VisionTower};

/// Why a model cannot be built or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// `config.json` cannot be read or contradicts itself.
    #[error("config.json: {0}")]
    Config(String),
    /// A well-formed model of a kind that is not supported.
    #[error("{0}")]
    Unsupported(String),
    /// The files that hold the weights.
    #[error(transparent)]
    Weights(#[from] crate::weights::WeightsError),
    /// What was computed on a processor is not a number, so that something that went into it was none.
    #[error(
        "a score is not a number: the weights hold values that are no numbers, or too large ones. Compare the files with the published ones; they may have been damaged"
    )]
    NotANumber,
    /// The device failed while it computed.
    #[error("the device failed: {0}")]
    Device(String),
    /// Whoever asked took it back.
    #[error("the request was aborted")]
    Aborted,
}

impl ModelError {
    /// The code that JavaScript sees.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config(_) => "invalid_config",
            Self::Unsupported(_) => "unsupported_model",
            Self::Weights(e) => e.code(),
            Self::NotANumber => "invalid_weights",
            Self::Device(_) => "device_lost",
            Self::Aborted => "aborted",
        }
    }

    /// The HTTP status a server would give.
    pub fn status(&self) -> u16 {
        match self {
            Self::Config(_) | Self::NotANumber => 422,
            Self::Unsupported(_) => 501,
            Self::Weights(e) => e.status(),
            Self::Device(_) => 500,
            Self::Aborted => 499,
        }
    }
}

//! The errors of the engine.

use crate::api::RequestError;
use crate::bytes::SourceError;
use crate::kernels::selection::SelectionError;
use crate::media::MediaError;
use crate::model::ModelError;
use crate::prompt::PromptError;
use crate::weights::WeightsError;

/// Why a load or a request failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is at fault.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The tokenizer failed, or text could not be encoded.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// The files.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The model or its device.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// An image or video of the request.
    #[error("{place}: {source}")]
    Media {
        /// The query or document that holds it.
        place: String,
        /// What is wrong with it.
        source: MediaError,
    },
    /// The requested device is not available.
    #[error("{0}")]
    NoDevice(String),
    /// The requested kernels do not work on the device.
    #[error(transparent)]
    UnusableKernels(SelectionError),
    /// The caller cancelled the work.
    #[error("the request was aborted")]
    Aborted,
}

impl Error {
    /// The code that JavaScript and the command line show.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Request(e) => e.code(),
            Self::Prompt(e) => e.code(),
            Self::Weights(e) => e.code(),
            Self::Model(e) => e.code(),
            Self::Media { source, .. } => source.code(),
            Self::NoDevice(_) | Self::UnusableKernels(_) => "no_webgpu",
            Self::Aborted => "aborted",
        }
    }

    /// The HTTP status a server would give.
    pub fn status(&self) -> u16 {
        match self {
            Self::Request(e) => e.status(),
            Self::Prompt(e) => e.status(),
            Self::Weights(e) => e.status(),
            Self::Model(e) => e.status(),
            Self::Media { source, .. } => source.status(),
            Self::NoDevice(_) | Self::UnusableKernels(_) => 501,
            Self::Aborted => 499,
        }
    }

    /// Whether the caller cancelled the work, wherever that was noticed.
    pub fn is_abort(&self) -> bool {
        matches!(
            self,
            Self::Aborted | Self::Media { source: MediaError::Aborted, .. } | Self::Model(ModelError::Aborted)
        ) || matches!(self.source_error(), Some(SourceError::Aborted))
    }
}

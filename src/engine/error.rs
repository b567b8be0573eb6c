//! One error for everything that a caller of the engine can meet.

use crate::api::RequestError;
use crate::bytes::SourceError;
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
    /// The tokenizer, or text that it cannot encode.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// The files.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The model or its device.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A picture of the request.
    #[error("{place}: {source}")]
    Media {
        /// Which query or document.
        place: String,
        /// What is wrong with it.
        source: MediaError,
    },
    /// The device that was asked for does not exist here.
    #[error("{0}")]
    NoDevice(String),
    /// The caller took the request back.
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
            Self::NoDevice(_) => "no_webgpu",
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
            Self::NoDevice(_) => 501,
            Self::Aborted => 499,
        }
    }

    /// Whether this is the caller's own doing, also where a layer below noticed it first.
    pub fn is_abort(&self) -> bool {
        matches!(
            self,
            Self::Aborted | Self::Media { source: MediaError::Aborted, .. } | Self::Model(ModelError::Aborted)
        ) || matches!(self.source_error(), Some(SourceError::Aborted))
    }
}

//! What an error of the engine says about the model's files.

use super::error::Error;
use crate::bytes::{FileFault, SourceError};
use crate::model::ModelError;
use crate::prompt::PromptError;
use crate::weights::WeightsError;

impl Error {
    /// Why bytes could not be had, if that is the cause.
    pub fn source_error(&self) -> Option<&SourceError> {
        match self {
            Self::Weights(WeightsError::Source(error))
            | Self::Model(ModelError::Weights(WeightsError::Source(error))) => Some(error),
            _ => None,
        }
    }

    /// Whether the model's files are to blame: another try with the same bytes would fail as well.
    pub fn file_fault(&self) -> Option<FileFault> {
        match self {
            Self::Weights(error) | Self::Model(ModelError::Weights(error)) => error.file_fault(),
            Self::Model(ModelError::Config { .. } | ModelError::NonFiniteScore) => Some(FileFault::Content),
            Self::Prompt(
                PromptError::InvalidTokenizer(_)
                | PromptError::UnsupportedTokenizer { .. }
                | PromptError::MissingToken { .. },
            ) => Some(FileFault::Content),
            _ => None,
        }
    }
}

impl From<SourceError> for Error {
    fn from(error: SourceError) -> Self {
        WeightsError::from(error).into()
    }
}

//! Why a request cannot be answered.

/// Why a request was refused, or has no valid answer.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// A field of the request is missing or has an invalid value.
    #[error("invalid request: {0}")]
    Invalid(String),
    /// The body is not JSON.
    #[error("invalid request: the body is no valid JSON ({0})")]
    Json(#[from] serde_json::Error),
    /// Images or videos for a model that has no vision tower.
    #[error("invalid request: {location} holds a picture or video, but this model reads text only; give its text")]
    TextOnlyModel {
        /// The query or document.
        location: String,
    },
    /// Images or videos for a vision model that was loaded without its vision tower.
    #[error(
        "invalid request: {location} holds a picture or video, but the model was loaded without its vision tower; give its mmproj file as vision"
    )]
    VisionTowerNotLoaded {
        /// The query or document.
        location: String,
    },
    /// Videos for a vision model that was trained with pictures alone.
    #[error(
        "invalid request: {location} holds a video, but this model reads texts and pictures; give its frames as pictures"
    )]
    NoVideo {
        /// The query or document.
        location: String,
    },
    /// A document of whose text nothing was read, because what stands before it fills the prompt.
    #[error(
        "documents[{index}] was not read: query, instruction and prompt leave it no room. Shorten the query, or give a larger max_length"
    )]
    DocumentUnread {
        /// The document's index in the request.
        index: usize,
    },
    /// A document beside which nothing of the query's text was read.
    #[error(
        "documents[{index}] was not scored: it leaves the query no room. Give fewer or smaller pictures, or a larger max_length"
    )]
    QueryUnread {
        /// The document's index in the request.
        index: usize,
    },
    /// A score that is NaN, which means a fault of the computation.
    #[error("internal error: the score of documents[{index}] is not a number")]
    ScoreNotANumber {
        /// The document's index in the request.
        index: usize,
    },
}

impl RequestError {
    /// An invalid request, explained in one sentence.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::Invalid(detail.into())
    }

    /// The error code that JavaScript sees.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_)
            | Self::Json(_)
            | Self::TextOnlyModel { .. }
            | Self::VisionTowerNotLoaded { .. }
            | Self::NoVideo { .. }
            | Self::DocumentUnread { .. }
            | Self::QueryUnread { .. } => "invalid_request",
            Self::ScoreNotANumber { .. } => "internal",
        }
    }

    /// The HTTP status that a server would answer with.
    pub fn status(&self) -> u16 {
        match self {
            Self::Invalid(_)
            | Self::Json(_)
            | Self::TextOnlyModel { .. }
            | Self::VisionTowerNotLoaded { .. }
            | Self::NoVideo { .. }
            | Self::DocumentUnread { .. }
            | Self::QueryUnread { .. } => 400,
            Self::ScoreNotANumber { .. } => 500,
        }
    }
}

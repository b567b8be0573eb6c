//! What can be wrong with a request.

/// Why a request was refused or could not be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The caller's body.
    #[error("invalid request: {0}")]
    Invalid(String),
    /// Something that must not happen, such as a score that is not a number.
    #[error("internal error: {0}")]
    Internal(String),
}

impl RequestError {
    /// An invalid request, in one sentence.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::Invalid(detail.into())
    }

    /// A picture for a model that reads text only.
    pub fn text_only(place: &str) -> Self {
        Self::invalid(format!("{place} holds a picture or video, but this model reads text only; give its text"))
    }

    /// A picture for a model that would see, had its vision tower been loaded.
    pub fn no_tower(place: &str) -> Self {
        Self::invalid(format!(
            "{place} holds a picture or video, but the model was loaded without its vision tower; give its mmproj file as vision"
        ))
    }

    /// The code that JavaScript sees.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid_request",
            Self::Internal(_) => "internal",
        }
    }

    /// The HTTP status a server would give.
    pub fn status(&self) -> u16 {
        match self {
            Self::Invalid(_) => 400,
            Self::Internal(_) => 500,
        }
    }
}

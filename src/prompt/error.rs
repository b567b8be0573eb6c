//! What can go wrong between text and ids.

/// Why a prompt could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    /// The tokenizer cannot be used.
    #[error("the tokenizer: {0}")]
    Tokenizer(String),
}

impl PromptError {
    /// The code that JavaScript sees.
    pub fn code(&self) -> &'static str {
        "invalid_tokenizer"
    }

    /// The HTTP status a server would give.
    pub fn status(&self) -> u16 {
        422
    }
}

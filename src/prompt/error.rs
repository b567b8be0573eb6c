//! Why a prompt cannot be made.

use std::error::Error;

/// Why a prompt cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The tokenizer's file is damaged, or of a kind that is not supported.
    #[error("the tokenizer: it cannot be used ({0})")]
    InvalidTokenizer(#[source] Box<dyn Error + Send + Sync>),
    /// A GGUF file with a tokenizer that cannot be rebuilt exactly from what such files hold.
    #[error(
        "the tokenizer: the file names {} and {}; {expected}",
        .model.as_deref().unwrap_or("nothing"),
        .pre.as_deref().unwrap_or("nothing")
    )]
    UnsupportedTokenizer {
        /// The file's `tokenizer.ggml.model`.
        model: Option<String>,
        /// The file's `tokenizer.ggml.pre`.
        pre: Option<String>,
        /// What is read, and what to do.
        expected: &'static str,
    },
    /// The vocabulary lacks a token of the template.
    #[error("the tokenizer: it has no token {token}, which the model's prompt needs; is it another model's?")]
    MissingToken {
        /// The token's text.
        token: String,
    },
    /// The tokenizer does not say how two texts are joined.
    #[error(
        "the tokenizer: its post_processor does not join two texts, which a reranker of this kind reads; is it another model's?"
    )]
    NoPairs,
    /// A prompt that would have to be cut within a picture.
    #[error(
        "a prompt has {tokens} tokens, and {limit} would cut one of its pictures; give fewer or smaller ones, or a larger max_length"
    )]
    PictureTooLong {
        /// The prompt's tokens.
        tokens: usize,
        /// The limit.
        limit: usize,
    },
    /// The tokenizer failed on a text.
    #[error("the tokenizer: it cannot encode a text ({0})")]
    Encoding(#[source] Box<dyn Error + Send + Sync>),
}

impl PromptError {
    /// The error code that JavaScript sees.
    pub fn code(&self) -> &'static str {
        match self {
            Self::PictureTooLong { .. } => "invalid_request",
            _ => "invalid_tokenizer",
        }
    }

    /// The HTTP status that a server would answer with.
    pub fn status(&self) -> u16 {
        match self {
            Self::PictureTooLong { .. } => 400,
            _ => 422,
        }
    }
}

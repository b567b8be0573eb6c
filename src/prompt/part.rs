//! What a prompt consists of, before it is tokenized.

use std::borrow::Cow;

/// A part of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PromptPart<'a> {
    /// A special token, repeated.
    Special { token: &'static str, count: usize },
    /// A token by its id.
    Id(u32),
    /// Ordinary text. Adjacent texts are encoded as one, since BPE merges across their boundary.
    Text(Cow<'a, str>),
    /// The texts on either side are encoded on their own.
    Boundary,
}

impl<'a> PromptPart<'a> {
    pub fn special(token: &'static str) -> Self {
        Self::Special { token, count: 1 }
    }

    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }
}

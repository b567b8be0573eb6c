//! A tokenized prompt, and the limits that it keeps.

/// Limits of one request.
#[derive(Debug, Clone, Copy, Default)]
pub struct PromptLimits {
    /// Tokens of the prompt, instead of the model's own limit.
    pub max_length: Option<usize>,
    /// Tokens of the document's text.
    pub max_tokens_per_doc: Option<usize>,
}

/// A tokenized prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedPrompt {
    /// The ids of the whole prompt.
    pub ids: Vec<u32>,
    /// The first token of the document's segment in a pair; the end of any other prompt.
    pub second_segment: usize,
    /// The number of tokens that were dropped.
    pub dropped_tokens: usize,
    /// How many of them came before the document's text: in the instruction, the query, or labels. If there are any,
    /// nothing of the document's text is left.
    pub dropped_before_document: usize,
    /// Whether the document has text, and all of it was dropped.
    pub document_unread: bool,
    /// How many of them were the query's, in a prompt of which both sides are cut.
    pub dropped_from_query: usize,
    /// Whether the query has text, and all of it was dropped from such a prompt.
    pub query_unread: bool,
}

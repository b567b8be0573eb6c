//! Query and document as a pair, as encoders read them.

use super::encoded::{EncodedPrompt, PromptLimits};
use super::error::PromptError;
use super::pair_layout::PairLayout;
use super::tokenizer::Tokenizer;
use super::truncation::longest_first;

/// Joins pairs, and cuts the longer side of those that are too long.
pub struct PairFormat {
    layout: PairLayout,
    max_length: usize,
    limit: usize,
}

impl PairFormat {
    /// As the tokenizer's file says.
    pub fn new(tokenizer: &Tokenizer, max_length: usize, limit: usize) -> Result<Self, PromptError> {
        let layout = tokenizer.pair_layout().cloned().ok_or(PromptError::NoPairs)?;
        Ok(Self { layout, max_length: max_length.min(limit), limit })
    }

    /// The ids of one pair.
    pub fn encode(
        &self,
        tokenizer: &Tokenizer,
        query: &str,
        document: &str,
        limits: PromptLimits,
    ) -> Result<EncodedPrompt, PromptError> {
        let (mut query, mut document) = (tokenizer.encode(query)?, tokenizer.encode(document)?);
        let whole = document.len();
        document.truncate(limits.max_tokens_per_doc.unwrap_or(usize::MAX));
        let room = limits.max_length.unwrap_or(self.max_length).min(self.limit);
        let room = room.saturating_sub(self.layout.special_tokens());
        let [kept_query, kept_document] = longest_first([query.len(), document.len()], room);
        let dropped_from_query = query.len() - kept_query;
        query.truncate(kept_query);
        document.truncate(kept_document);
        let PairLayout { before, between, after, typed } = &self.layout;
        let start = before.len() + query.len() + between.len();
        let ids = [before.as_slice(), &query, between, &document, after].concat();
        let dropped_tokens = whole - document.len() + dropped_from_query;
        let second_segment = if *typed { start } else { ids.len() };
        Ok(EncodedPrompt {
            ids,
            second_segment,
            dropped_tokens,
            dropped_before_document: 0,
            document_unread: whole > 0 && document.is_empty(),
            dropped_from_query,
            query_unread: dropped_from_query > 0 && query.is_empty(),
        })
    }
}

//! Prompts from a template.

use super::encoded::{EncodedPrompt, PromptLimits};
use super::error::PromptError;
use super::part::PromptPart;
use super::template::{PromptInput, PromptTemplate, TemplatePart};
use super::tokenizer::Tokenizer;
use super::truncation::{Truncation, truncate_body, truncate_text};

/// A template whose constant parts are tokenized.
pub struct TemplateFormat {
    pub template: &'static PromptTemplate,
    prefix: Vec<u32>,
    suffix: Vec<u32>,
    /// The ids of [`Truncation::TextOnly`]'s tokens.
    kept_ids: Vec<u32>,
    /// The ids of the answers `yes` and `no`, if the prompt asks for one.
    pub answer_ids: Option<[u32; 2]>,
    /// The ids that are replaced by the feature vectors of images and of videos, if the model takes any.
    pub pad_ids: [Option<u32>; 2],
}

impl TemplateFormat {
    /// Tokenizes the constant parts of the template. Fails if the tokenizer lacks one of its tokens.
    pub fn new(tokenizer: &Tokenizer, template: &'static PromptTemplate) -> Result<Self, PromptError> {
        let prefix = tokenizer.encode_parts(&constant_parts(template.prefix))?;
        let suffix = tokenizer.encode_parts(&constant_parts(template.suffix))?;
        let answer_ids = match template.answers {
            Some([yes, no]) => Some([tokenizer.token_id(yes)?, tokenizer.token_id(no)?]),
            None => None,
        };
        let pad_ids = match &template.media {
            Some(media) => [Some(tokenizer.token_id(media.image_pad)?), Some(tokenizer.token_id(media.video_pad)?)],
            None => [None; 2],
        };
        let kept_ids = match template.truncation {
            Truncation::TextOnly { kept } => kept.iter().filter_map(|token| tokenizer.token_id(token).ok()).collect(),
            _ => Vec::new(),
        };
        Ok(Self { template, prefix, suffix, kept_ids, answer_ids, pad_ids })
    }

    /// The prompt of one query and one document.
    pub fn encode(
        &self,
        tokenizer: &Tokenizer,
        instruction: Option<&str>,
        query: &PromptInput<'_>,
        document: &PromptInput<'_>,
        limits: PromptLimits,
    ) -> Result<EncodedPrompt, PromptError> {
        let max_length = limits.max_length.unwrap_or(self.template.max_length);
        let instruction = instruction.unwrap_or(self.template.default_instruction);
        let mut most = limits.max_tokens_per_doc;
        if let Truncation::DocumentThenEnd { query: share } = self.template.truncation {
            let whole = self.template.fill_body(instruction, query, &PromptInput { text: "", ..document.clone() });
            let room = match query.visuals.is_empty() && document.visuals.is_empty() {
                true => max_length - share.min(max_length / 2),
                false => self.room_beside_pictures(tokenizer, &whole, query.text, share, max_length)?,
            };
            most = Some(most.map_or(room, |most| most.min(room)));
        }
        let (text, dropped_from_text) = match most {
            Some(tokens) => tokenizer.truncate(document.text, tokens)?,
            None => (document.text, 0),
        };
        let unread = text.is_empty() && !document.text.is_empty();
        let document = PromptInput { text, ..document.clone() };
        let parts = self.template.fill_body(instruction, query, &document);
        let body = tokenizer.encode_parts(&parts)?;
        let untruncated_len = self.prefix.len() + body.len();
        let mut ids = match self.template.truncation {
            Truncation::BodyEnd => truncate_body(&self.prefix, &body, self.suffix.len(), max_length),
            Truncation::End | Truncation::DocumentThenEnd { .. } => [self.prefix.as_slice(), &body].concat(),
            Truncation::QueryFirst => {
                let query = parts.iter().take_while(|part| **part != PromptPart::Boundary).count();
                let query = tokenizer.encode_parts(&parts[..query])?.len();
                let kept = query.min(max_length * 3 / 4);
                let body = [&body[..kept], &body[query..]].concat();
                [self.prefix.as_slice(), &body[..body.len().min(max_length)]].concat()
            }
            Truncation::TextOnly { .. } => {
                let ids = [self.prefix.as_slice(), &body].concat();
                truncate_text(ids, max_length, |id| self.kept_ids.contains(&id))
            }
        };
        let mut encoded = EncodedPrompt {
            dropped_tokens: dropped_from_text,
            dropped_before_document: 0,
            document_unread: false,
            dropped_from_query: 0,
            query_unread: false,
            second_segment: 0,
            ids: Vec::new(),
        };
        match self.template.truncation {
            Truncation::DocumentThenEnd { .. } => {
                encoded.dropped_from_query = self.cut_end(&mut ids, max_length.saturating_sub(self.suffix.len()))?;
                encoded.dropped_tokens += encoded.dropped_from_query;
                encoded.document_unread = unread;
                let query_tokens =
                    if encoded.dropped_from_query > 0 { last_text_tokens(tokenizer, &parts, &body)? } else { 0 };
                encoded.query_unread = query_tokens > 0 && encoded.dropped_from_query >= query_tokens;
                ids.extend(&self.suffix);
            }
            Truncation::End => {
                ids.extend(&self.suffix);
                encoded.dropped_tokens += self.cut_end(&mut ids, max_length)?;
            }
            _ => {
                let dropped = untruncated_len - ids.len();
                let document_tokens = if dropped > 0 { last_text_tokens(tokenizer, &parts, &body)? } else { 0 };
                encoded.dropped_tokens += dropped;
                encoded.dropped_before_document = dropped.saturating_sub(document_tokens);
                encoded.document_unread = document_tokens > 0 && dropped >= document_tokens;
                ids.extend(&self.suffix);
            }
        }
        Ok(EncodedPrompt { second_segment: ids.len(), ids, ..encoded })
    }

    /// Drops the last tokens of a prompt, and says how many. A picture is read whole or not at all.
    fn cut_end(&self, ids: &mut Vec<u32>, max_length: usize) -> Result<usize, PromptError> {
        let dropped = ids.len().saturating_sub(max_length);
        let tail = &ids[ids.len() - dropped..];
        if tail.iter().any(|&id| self.pad_ids.contains(&Some(id))) {
            return Err(PromptError::PictureTooLong { tokens: ids.len(), limit: max_length });
        }
        ids.truncate(ids.len() - dropped);
        Ok(dropped)
    }

    /// The most tokens of a document's text that leave room for pictures, which are never cut, and for a share of the query's
    /// text. `others` is the body without the document's text.
    fn room_beside_pictures(
        &self,
        tokenizer: &Tokenizer,
        others: &[PromptPart<'_>],
        query: &str,
        share: usize,
        max_length: usize,
    ) -> Result<usize, PromptError> {
        let query = tokenizer.encode(query)?.len();
        let others = self.prefix.len() + tokenizer.encode_parts(others)?.len() + self.suffix.len();
        let texts = max_length.saturating_sub(others.saturating_sub(query));
        Ok(texts - query.min(share).min(texts / 2))
    }
}

/// The tokens of the body that belong to its last part, the text of the document or the query. Since a merge may cross the
/// beginning of the text, they are those from the first that differs from the body without it.
fn last_text_tokens(tokenizer: &Tokenizer, parts: &[PromptPart<'_>], body: &[u32]) -> Result<usize, PromptError> {
    let without_text = tokenizer.encode_parts(&parts[..parts.len() - 1])?;
    Ok(body.len() - body.iter().zip(&without_text).take_while(|(a, b)| a == b).count())
}

/// The special tokens and literal texts of a prefix or suffix.
fn constant_parts(parts: &[TemplatePart]) -> Vec<PromptPart<'static>> {
    let constant = |part: &TemplatePart| match *part {
        TemplatePart::Special(token) => Some(PromptPart::special(token)),
        TemplatePart::Token(id) => Some(PromptPart::Id(id)),
        TemplatePart::Text(text) => Some(PromptPart::text(text)),
        TemplatePart::Boundary => Some(PromptPart::Boundary),
        TemplatePart::Instruction | TemplatePart::InstructionLine(_) | TemplatePart::Query | TemplatePart::Document => {
            None
        }
    };
    parts.iter().filter_map(constant).collect()
}

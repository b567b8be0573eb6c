//! Fills in a template and tokenizes it.

use super::error::PromptError;
use super::part::PromptPart;
use super::template::{PromptInput, PromptTemplate, TemplatePart};
use super::tokenizer::Tokenizer;
use super::truncation::{Truncation, truncate_body, truncate_text};

/// Limits of one request.
#[derive(Debug, Clone, Copy, Default)]
pub struct PromptLimits {
    /// Tokens of the prompt, instead of the template's own limit.
    pub max_length: Option<usize>,
    /// Tokens of the document's text.
    pub max_tokens_per_doc: Option<usize>,
}

/// A tokenized prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedPrompt {
    /// The ids of the whole prompt.
    pub ids: Vec<u32>,
    /// The number of tokens that were dropped.
    pub dropped_tokens: usize,
    /// How many of them came before the document's text: in the instruction, the query, or labels. If there are any,
    /// nothing of the document's text is left.
    pub dropped_before_document: usize,
}

/// Makes the prompts of one model.
pub struct Prompter {
    tokenizer: Tokenizer,
    template: &'static PromptTemplate,
    prefix: Vec<u32>,
    suffix: Vec<u32>,
    /// The ids of [`Truncation::TextOnly`]'s tokens.
    kept_ids: Vec<u32>,
    yes_id: u32,
    no_id: u32,
    pad_ids: [Option<u32>; 2],
}

impl Prompter {
    /// Tokenizes the constant parts of the template. Fails if the tokenizer lacks one of its tokens.
    pub fn new(tokenizer: Tokenizer, template: &'static PromptTemplate) -> Result<Self, PromptError> {
        let prefix = tokenizer.encode_parts(&constant_parts(template.prefix))?;
        let suffix = tokenizer.encode_parts(&constant_parts(template.suffix))?;
        let [yes, no] = template.answers;
        let (yes_id, no_id) = (tokenizer.token_id(yes)?, tokenizer.token_id(no)?);
        let pad_ids = match &template.media {
            Some(media) => [Some(tokenizer.token_id(media.image_pad)?), Some(tokenizer.token_id(media.video_pad)?)],
            None => [None; 2],
        };
        let kept_ids = match template.truncation {
            Truncation::BodyEnd => Vec::new(),
            Truncation::TextOnly { kept } => kept.iter().filter_map(|token| tokenizer.token_id(token).ok()).collect(),
        };
        Ok(Self { tokenizer, template, prefix, suffix, kept_ids, yes_id, no_id, pad_ids })
    }

    /// The template that is filled in.
    pub fn template(&self) -> &'static PromptTemplate {
        self.template
    }

    /// The id of the answer `yes`.
    pub fn yes_id(&self) -> u32 {
        self.yes_id
    }

    /// The id of the answer `no`.
    pub fn no_id(&self) -> u32 {
        self.no_id
    }

    /// The ids that are replaced by the feature vectors of images and of videos, if the model takes any.
    pub fn pad_ids(&self) -> [Option<u32>; 2] {
        self.pad_ids
    }

    /// The prompt of one query and one document.
    pub fn encode(
        &self,
        instruction: Option<&str>,
        query: &PromptInput<'_>,
        document: &PromptInput<'_>,
        limits: PromptLimits,
    ) -> Result<EncodedPrompt, PromptError> {
        let (text, dropped_from_text) = match limits.max_tokens_per_doc {
            Some(tokens) => self.tokenizer.truncate(document.text, tokens)?,
            None => (document.text, 0),
        };
        let document = PromptInput { text, ..document.clone() };
        let instruction = instruction.unwrap_or(self.template.default_instruction);
        let parts = self.template.fill_body(instruction, query, &document);
        let body = self.tokenizer.encode_parts(&parts)?;
        let max_length = limits.max_length.unwrap_or(self.template.max_length);
        let untruncated_len = self.prefix.len() + body.len();
        let mut ids = match self.template.truncation {
            Truncation::BodyEnd => truncate_body(&self.prefix, &body, self.suffix.len(), max_length),
            Truncation::TextOnly { .. } => {
                let ids = [self.prefix.as_slice(), &body].concat();
                truncate_text(ids, max_length, |id| self.kept_ids.contains(&id))
            }
        };
        let dropped = untruncated_len - ids.len();
        let dropped_before_document =
            if dropped > 0 { dropped.saturating_sub(self.document_tokens(&parts, &body)?) } else { 0 };
        ids.extend(&self.suffix);
        Ok(EncodedPrompt { ids, dropped_tokens: dropped_from_text + dropped, dropped_before_document })
    }

    /// The tokens of the body that belong to the document's text, its last part. Since a merge may cross the beginning
    /// of the text, they are those from the first that differs from the body without it.
    fn document_tokens(&self, parts: &[PromptPart<'_>], body: &[u32]) -> Result<usize, PromptError> {
        let without_text = self.tokenizer.encode_parts(&parts[..parts.len() - 1])?;
        Ok(body.len() - body.iter().zip(&without_text).take_while(|(a, b)| a == b).count())
    }
}

/// The special tokens and literal texts of a prefix or suffix.
fn constant_parts(parts: &[TemplatePart]) -> Vec<PromptPart<'static>> {
    let constant = |part: &TemplatePart| match *part {
        TemplatePart::Special(token) => Some(PromptPart::special(token)),
        TemplatePart::Text(text) => Some(PromptPart::text(text)),
        TemplatePart::Instruction | TemplatePart::Query | TemplatePart::Document => None,
    };
    parts.iter().filter_map(constant).collect()
}

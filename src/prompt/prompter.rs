//! One query and one document as the ids of a prompt.

use super::PromptError;
use super::template::Family;
use super::tokenizer::Tokenizer;
use crate::api::Content;

/// Tokens of a whole prompt, as in the reference.
pub const DEFAULT_MAX_LENGTH: usize = 8192;

/// How much of a text is read.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Tokens of the whole prompt. What does not fit is cut from the end of the document.
    pub max_length: usize,
    /// Tokens of the document's own text.
    pub max_tokens_per_doc: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_length: DEFAULT_MAX_LENGTH, max_tokens_per_doc: None }
    }
}

/// The ids of one prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// From the first control token to the one after which the model answers.
    pub ids: Vec<u32>,
    /// Tokens that did not fit.
    pub dropped_tokens: usize,
}

/// Makes prompts for one model.
pub struct Prompter {
    tokenizer: Tokenizer,
    family: Family,
    prefix: Vec<u32>,
    suffix: Vec<u32>,
    yes: u32,
    no: u32,
}

impl Prompter {
    /// From the bytes of a `tokenizer.json`. The fixed parts of the prompt are encoded here, once.
    pub fn new(tokenizer_json: &[u8], family: Family) -> Result<Self, PromptError> {
        let tokenizer = Tokenizer::new(tokenizer_json)?;
        let prefix = tokenizer.pieces(family.prefix())?;
        let suffix = tokenizer.pieces(family.suffix())?;
        let (yes, no) = (tokenizer.id("yes")?, tokenizer.id("no")?);
        Ok(Self { tokenizer, family, prefix, suffix, yes, no })
    }

    /// The id of the answer `yes`.
    pub fn yes_id(&self) -> u32 {
        self.yes
    }

    /// The id of the answer `no`.
    pub fn no_id(&self) -> u32 {
        self.no
    }

    /// The prompt of one pair.
    pub fn encode(
        &self,
        instruction: Option<&str>,
        query: &Content,
        document: &Content,
        limits: Limits,
    ) -> Result<Encoded, PromptError> {
        let document = document.joined_text();
        let (document, mut dropped_tokens) = match limits.max_tokens_per_doc {
            Some(tokens) => self.tokenizer.cut(&document, tokens)?,
            None => (document.as_str(), 0),
        };
        let instruction = instruction.unwrap_or(self.family.default_instruction());
        let body = self.tokenizer.text(&self.family.body(instruction, &query.joined_text(), document))?;
        let room = limits.max_length.saturating_sub(self.prefix.len() + self.suffix.len());
        let kept = body.len().min(room);
        dropped_tokens += body.len() - kept;
        let ids = [&self.prefix, &body[..kept], &self.suffix].concat();
        Ok(Encoded { ids, dropped_tokens })
    }
}

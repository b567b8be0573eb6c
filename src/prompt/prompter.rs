//! Makes the prompts of one model.

use super::encoded::{EncodedPrompt, PromptLimits};
use super::error::PromptError;
use super::pair_format::PairFormat;
use super::pair_layout::PairLayout;
use super::template::{PromptInput, PromptTemplate};
use super::template_format::TemplateFormat;
use super::tokenizer::Tokenizer;

/// Makes the prompts of one model.
pub struct Prompter {
    tokenizer: Tokenizer,
    format: PromptFormat,
}

enum PromptFormat {
    Template(TemplateFormat),
    Pair(PairFormat),
}

impl Prompter {
    /// From a template, whose constant parts are tokenized. Fails if the tokenizer lacks one of its tokens.
    pub fn new(tokenizer: Tokenizer, template: &'static PromptTemplate) -> Result<Self, PromptError> {
        let format = PromptFormat::Template(TemplateFormat::new(&tokenizer, template)?);
        Ok(Self { tokenizer, format })
    }

    /// Of query and document as a pair, joined as the tokenizer's file says. `max_length` is the number of tokens that the
    /// model was published with, `limit` the most that it can read.
    pub fn pair(tokenizer: Tokenizer, max_length: usize, limit: usize) -> Result<Self, PromptError> {
        let format = PromptFormat::Pair(PairFormat::new(&tokenizer, max_length, limit)?);
        Ok(Self { tokenizer, format })
    }

    /// The template that is filled in, if there is one.
    pub fn template(&self) -> Option<&'static PromptTemplate> {
        match &self.format {
            PromptFormat::Template(format) => Some(format.template),
            PromptFormat::Pair(_) => None,
        }
    }

    /// Whether the document, and its pictures, stand before the query.
    pub fn document_first(&self) -> bool {
        self.template().is_some_and(PromptTemplate::document_first)
    }

    /// How query and document are joined, if they are a pair.
    pub fn pair_layout(&self) -> Option<&PairLayout> {
        match &self.format {
            PromptFormat::Template(_) => None,
            PromptFormat::Pair(_) => self.tokenizer.pair_layout(),
        }
    }

    /// The ids of the answers `yes` and `no`, if the prompt asks for one.
    pub fn answer_ids(&self) -> Option<[u32; 2]> {
        match &self.format {
            PromptFormat::Template(format) => format.answer_ids,
            PromptFormat::Pair(_) => None,
        }
    }

    /// The ids that are replaced by the feature vectors of images and of videos, if the model takes any.
    pub fn pad_ids(&self) -> [Option<u32>; 2] {
        match &self.format {
            PromptFormat::Template(format) => format.pad_ids,
            PromptFormat::Pair(_) => [None; 2],
        }
    }

    /// The prompt of one query and one document.
    pub fn encode(
        &self,
        instruction: Option<&str>,
        query: &PromptInput<'_>,
        document: &PromptInput<'_>,
        limits: PromptLimits,
    ) -> Result<EncodedPrompt, PromptError> {
        match &self.format {
            PromptFormat::Template(format) => format.encode(&self.tokenizer, instruction, query, document, limits),
            PromptFormat::Pair(format) => format.encode(&self.tokenizer, query.text, document.text, limits),
        }
    }
}

//! Makes the prompts of an embedding model, each of one text and its pictures.

use serde::Deserialize;

use super::encoded::{EncodedPrompt, PromptLimits};
use super::error::PromptError;
use super::template::{PromptInput, PromptTemplate};
use super::template_format::TemplateFormat;
use super::text_layout::TextLayout;
use super::tokenizer::Tokenizer;

/// What a text is to the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputRole {
    /// Searches.
    Query,
    /// Is found.
    Document,
}

/// The words before a text that a model was published with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PublishedPrompts {
    /// Before a query.
    pub query: Option<String>,
    /// Before a document.
    pub document: Option<String>,
    /// Before a text of which the request does not say what it is.
    pub default: Option<String>,
}

/// What is written before a text.
#[derive(Debug, Clone)]
pub enum TextPrompt {
    /// The request's instruction, or else a published prompt.
    Prefix(PublishedPrompts),
    /// `Instruct: {task}`, a line break and `Query:` before queries; a published prompt before documents.
    Instruct {
        /// The task of requests that give none, if no prompt was published.
        default_task: &'static str,
        /// What the model was published with.
        published: PublishedPrompts,
    },
    /// A template's words on all sides, with the instruction among them.
    Template(&'static PromptTemplate),
}

/// Makes the prompts of an embedding model.
pub struct TextPrompter {
    tokenizer: Tokenizer,
    prompt: TextPrompt,
    template: Option<TemplateFormat>,
    max_length: usize,
    limit: usize,
}

impl TextPrompter {
    /// `max_length` is the number of tokens that the model was published with, `limit` the most that it can read. Fails if
    /// the tokenizer lacks a token of the template.
    pub fn new(tokenizer: Tokenizer, prompt: TextPrompt, max_length: usize, limit: usize) -> Result<Self, PromptError> {
        let template = match prompt {
            TextPrompt::Template(template) => Some(TemplateFormat::new(&tokenizer, template)?),
            TextPrompt::Prefix(_) | TextPrompt::Instruct { .. } => None,
        };
        Ok(Self { tokenizer, prompt, template, max_length: max_length.min(limit), limit })
    }

    /// The ids that are replaced by the feature vectors of images and of videos, if the model takes any.
    pub fn pad_ids(&self) -> [Option<u32>; 2] {
        self.template.as_ref().map_or([None; 2], |template| template.pad_ids)
    }

    /// The special tokens around a text.
    pub fn text_layout(&self) -> &TextLayout {
        self.tokenizer.text_layout()
    }

    /// What decides which words stand before and behind a text: equal for prompters that write the same prompts. Indexes keep
    /// a hash of it, so it must be the same in every build.
    pub fn words(&self) -> String {
        let published = |PublishedPrompts { query, document, default }: &PublishedPrompts| {
            [query, document, default].map(|prompt| counted(prompt.as_deref())).join(" ")
        };
        match &self.prompt {
            TextPrompt::Prefix(prompts) => published(prompts),
            TextPrompt::Instruct { default_task, published: prompts } => {
                format!("{} {}", counted(Some(default_task)), published(prompts))
            }
            TextPrompt::Template(template) => template.name.to_owned(),
        }
    }

    /// The prompt of one input.
    pub fn encode(
        &self,
        role: Option<InputRole>,
        instruction: Option<&str>,
        input: &PromptInput<'_>,
        max_length: Option<usize>,
    ) -> Result<EncodedPrompt, PromptError> {
        let layout = self.tokenizer.text_layout();
        let room = max_length.unwrap_or(self.max_length).min(self.limit).saturating_sub(layout.special_tokens());
        let encoded = match &self.template {
            Some(template) => {
                let instruction = instruction.map(sentence);
                let limits = PromptLimits { max_length: Some(room), max_tokens_per_doc: None };
                let query = PromptInput::default();
                template.encode(&self.tokenizer, instruction.as_deref(), &query, input, limits)?
            }
            None => {
                let text = format!("{}{}", self.prefix(role, instruction), input.text);
                let mut ids = self.tokenizer.encode(&text)?;
                let dropped_tokens = ids.len().saturating_sub(room);
                ids.truncate(room);
                let second_segment = ids.len();
                EncodedPrompt {
                    ids,
                    second_segment,
                    dropped_tokens,
                    dropped_before_document: 0,
                    document_unread: false,
                    dropped_from_query: 0,
                    query_unread: false,
                }
            }
        };
        let ids = [layout.before.as_slice(), &encoded.ids, &layout.after].concat();
        Ok(EncodedPrompt { second_segment: ids.len(), ids, ..encoded })
    }

    fn prefix(&self, role: Option<InputRole>, instruction: Option<&str>) -> String {
        let published = |prompts: &PublishedPrompts| {
            let prompt = match role {
                Some(InputRole::Query) => prompts.query.as_ref(),
                Some(InputRole::Document) => prompts.document.as_ref(),
                None => prompts.default.as_ref(),
            };
            prompt.cloned()
        };
        match &self.prompt {
            TextPrompt::Prefix(prompts) => {
                instruction.map(str::to_owned).or_else(|| published(prompts)).unwrap_or_default()
            }
            TextPrompt::Instruct { default_task, published: prompts } => match (role, instruction) {
                // A document is read as it is, whatever the task.
                (Some(InputRole::Document), _) | (None, None) => published(prompts).unwrap_or_default(),
                (_, Some(task)) => instruct(task),
                (Some(InputRole::Query), None) => published(prompts).unwrap_or_else(|| instruct(default_task)),
            },
            TextPrompt::Template(_) => String::new(),
        }
    }
}

/// Words behind their length in bytes, so that no others read the same.
fn counted(words: Option<&str>) -> String {
    words.map_or_else(|| "None".to_owned(), |words| format!("{}:{words}", words.len()))
}

fn instruct(task: &str) -> String {
    format!("Instruct: {task}\nQuery:")
}

/// An instruction as the reference writes it: without space around it, and with a full stop unless it ends in a sign.
fn sentence(instruction: &str) -> String {
    let trimmed = instruction.trim();
    match trimmed.chars().last() {
        Some(last) if !is_punctuation(last) => format!("{trimmed}."),
        _ => trimmed.to_owned(),
    }
}

/// Of Unicode's categories that begin with P.
fn is_punctuation(c: char) -> bool {
    unicode_categories::UnicodeCategories::is_punctuation(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Indexes of models without prompts hold the hash of this.
    #[test]
    fn prompts_are_told_apart_by_their_bytes() {
        assert_eq!([None, Some(""), Some("ê: ")].map(counted), ["None", "0:", "4:ê: "]);
    }

    #[test]
    fn instructions_end_as_sentences_do() {
        for (given, written) in [
            (" Find it ", "Find it."),
            ("Find it!", "Find it!"),
            ("找到它。", "找到它。"),
            ("a + b =", "a + b =."),
            ("", ""),
        ] {
            assert_eq!(sentence(given), written);
        }
    }
}

//! Prompt templates: what a model family's prompt looks like, as data.

use super::part::PromptPart;
use super::truncation::Truncation;

/// The prompt that a model family was trained with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptTemplate {
    /// A name for messages.
    pub name: &'static str,
    /// The instruction of requests that give none. Empty if the prompt then has none.
    pub default_instruction: &'static str,
    /// The reference's limit on tokens. What it counts depends on `truncation`.
    pub max_length: usize,
    /// What precedes the body. It is tokenized on its own, so no merge may cross its end.
    pub prefix: &'static [TemplatePart],
    /// What depends on the request. The document is its last part, but for [`Truncation::DocumentThenEnd`].
    pub body: &'static [TemplatePart],
    /// What follows the body, tokenized on its own. The model's answer is read at its last token.
    pub suffix: &'static [TemplatePart],
    /// Stands for a query or document without text and media.
    pub empty_input: &'static str,
    /// How a prompt that is too long is shortened.
    pub truncation: Truncation,
    /// The special tokens of images and videos, if the model takes any.
    pub media: Option<MediaTokens>,
    /// The tokens whose logits are compared for the score: `yes` and `no`. None in an embedding model's.
    pub answers: Option<[&'static str; 2]>,
}

/// An element of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplatePart {
    /// A special token. Text on either side of it is tokenized separately.
    Special(&'static str),
    /// A token by its id, whatever the vocabulary says of it.
    Token(u32),
    /// Literal text.
    Text(&'static str),
    /// The texts on either side are tokenized on their own.
    Boundary,
    /// The request's instruction.
    Instruction,
    /// The request's instruction as a line with this label, if it gives one.
    InstructionLine(&'static str),
    /// The query's media, then its text.
    Query,
    /// The document's media, then its text.
    Document,
}

/// The special tokens that stand for images and videos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaTokens {
    /// Before each image and each temporal step of a video.
    pub start: &'static str,
    /// After them.
    pub end: &'static str,
    /// Replaced by one feature vector of an image.
    pub image_pad: &'static str,
    /// Replaced by one feature vector of a video.
    pub video_pad: &'static str,
}

/// The place of an image or a video in a prompt, whose feature vectors the model inserts later.
#[derive(Debug, Clone, PartialEq)]
pub enum VisualPlaceholder {
    /// An image.
    Image {
        /// Its number of tokens.
        tokens: usize,
    },
    /// A video.
    Video {
        /// The number of tokens of each temporal step.
        tokens: usize,
        /// The text before each temporal step.
        timestamps: Vec<String>,
    },
}

/// The query or the document of a prompt.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PromptInput<'a> {
    /// Its videos, then its images.
    pub visuals: &'a [VisualPlaceholder],
    /// Its texts, concatenated.
    pub text: &'a str,
}

impl PromptTemplate {
    /// Whether the document stands before the query, and so do its pictures.
    pub fn document_first(&self) -> bool {
        matches!(self.truncation, Truncation::DocumentThenEnd { .. })
    }

    /// Fills in the body.
    pub(super) fn fill_body<'a>(
        &self,
        instruction: &'a str,
        query: &PromptInput<'a>,
        document: &PromptInput<'a>,
    ) -> Vec<PromptPart<'a>> {
        let mut parts = Vec::new();
        for part in self.body {
            match part {
                TemplatePart::Special(token) => parts.push(PromptPart::special(token)),
                TemplatePart::Token(id) => parts.push(PromptPart::Id(*id)),
                TemplatePart::Text(text) => parts.push(PromptPart::text(*text)),
                TemplatePart::Boundary => parts.push(PromptPart::Boundary),
                TemplatePart::Instruction => parts.push(PromptPart::text(instruction)),
                TemplatePart::InstructionLine(_) if instruction.is_empty() => {}
                TemplatePart::InstructionLine(label) => {
                    parts.push(PromptPart::text(format!("{label}{instruction}\n")));
                }
                TemplatePart::Query => self.push_input(query, &mut parts),
                TemplatePart::Document => self.push_input(document, &mut parts),
            }
        }
        parts
    }

    fn push_input<'a>(&self, input: &PromptInput<'a>, parts: &mut Vec<PromptPart<'a>>) {
        if let Some(media) = &self.media {
            input.visuals.iter().for_each(|visual| media.push_placeholder(visual, parts));
        }
        let is_empty = input.visuals.is_empty() && input.text.is_empty();
        parts.push(PromptPart::text(if is_empty { self.empty_input } else { input.text }));
    }
}

impl MediaTokens {
    fn push_placeholder(&self, visual: &VisualPlaceholder, parts: &mut Vec<PromptPart<'_>>) {
        match visual {
            VisualPlaceholder::Image { tokens } => self.push_pads(self.image_pad, *tokens, parts),
            VisualPlaceholder::Video { tokens, timestamps } => {
                for timestamp in timestamps {
                    parts.push(PromptPart::text(timestamp.clone()));
                    self.push_pads(self.video_pad, *tokens, parts);
                }
            }
        }
    }

    fn push_pads(&self, pad: &'static str, count: usize, parts: &mut Vec<PromptPart<'_>>) {
        parts.extend([
            PromptPart::special(self.start),
            PromptPart::Special { token: pad, count },
            PromptPart::special(self.end),
        ]);
    }
}

//! What a model is given.

use super::visual::VisionFeatures;

/// The token ids that a model must know of its tokenizer.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokenIds {
    /// The answers, in a family that is asked a question.
    pub answers: Option<AnswerIds>,
    /// The placeholders of images and of videos, in a model with vision.
    pub pads: [Option<u32>; 2],
}

/// The tokens whose logits are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerIds {
    /// The answer `yes`.
    pub yes: u32,
    /// The answer `no`.
    pub no: u32,
}

/// One prompt.
#[derive(Debug, Clone, Copy)]
pub struct TokenizedPrompt<'a> {
    /// Its tokens.
    pub ids: &'a [u32],
    /// The first token of the document's segment, whose tokens have another type in some encoders.
    pub second_segment: usize,
    /// Its images and videos, in the order of their placeholders.
    pub visuals: &'a [&'a VisionFeatures],
}

impl<'a> TokenizedPrompt<'a> {
    /// Tokens of one segment, without images.
    pub fn text(ids: &'a [u32]) -> Self {
        Self { ids, second_segment: ids.len(), visuals: &[] }
    }
}

/// Prompts that are computed together. All of them begin with the same `shared` tokens, which are not computed again.
#[derive(Debug, Clone, Copy)]
pub struct PromptBatch<'a> {
    /// The prompts, whole.
    pub prompts: &'a [TokenizedPrompt<'a>],
    /// Tokens that they share with what was computed before.
    pub shared: usize,
}

impl<'a> PromptBatch<'a> {
    /// Prompts that share nothing.
    pub fn whole(prompts: &'a [TokenizedPrompt<'a>]) -> Self {
        Self { prompts, shared: 0 }
    }

    /// The tokens that are to be computed.
    pub fn new_ids(&self) -> impl Iterator<Item = &'a u32> + Clone + use<'a> {
        let Self { prompts, shared } = *self;
        prompts.iter().flat_map(move |prompt| &prompt.ids[shared..])
    }
}

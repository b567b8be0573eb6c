//! What a model is given.

use super::visual::VisionFeatures;

/// The token ids that a model must know of its tokenizer.
#[derive(Debug, Clone, Copy)]
pub struct TokenIds {
    /// The answer `yes`.
    pub yes: u32,
    /// The answer `no`.
    pub no: u32,
    /// The placeholders of images and of videos, in a model with vision.
    pub pads: [Option<u32>; 2],
}

/// One prompt.
#[derive(Debug, Clone, Copy)]
pub struct TokenizedPrompt<'a> {
    /// Its tokens.
    pub ids: &'a [u32],
    /// Its images and videos, in the order of their placeholders.
    pub visuals: &'a [&'a VisionFeatures],
}

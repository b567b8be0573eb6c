//! The features of an image or video, which the vision tower computes and the decoder reads.

use burn::tensor::Tensor;

use crate::kernels::slice_rows;

/// The tokens of one temporal step: an image has one, a video several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisualGrid {
    /// Tokens from top to bottom.
    pub height: usize,
    /// Tokens from left to right.
    pub width: usize,
}

impl VisualGrid {
    /// All of them.
    pub fn tokens(self) -> usize {
        self.height * self.width
    }
}

/// The features of one image or video.
#[derive(Debug, Clone)]
pub struct VisionFeatures {
    /// They replace the embeddings of placeholder tokens, `[tokens, hidden]`.
    pub(super) tokens: Tensor<2>,
    /// They are added after each of the decoder's first layers.
    pub(super) deepstack: Vec<Tensor<2>>,
    /// Temporal steps.
    pub(super) steps: usize,
    /// The tokens of each step.
    pub(super) grid: VisualGrid,
}

impl VisionFeatures {
    /// Tokens of each temporal step.
    pub fn tokens_per_step(&self) -> usize {
        self.grid.tokens()
    }

    /// Bytes that they take on the device.
    pub fn bytes(&self) -> usize {
        let [rows, width] = self.tokens.dims();
        rows * width * size_of::<f32>() * (1 + self.deepstack.len())
    }

    /// Its temporal steps, each of which has a run of placeholder tokens in the prompt.
    pub(super) fn spans(&self) -> impl Iterator<Item = VisualSpan<'_>> {
        (0..self.steps).map(|step| VisualSpan { features: self, step })
    }
}

/// The features of one temporal step.
#[derive(Debug, Clone, Copy)]
pub struct VisualSpan<'a> {
    features: &'a VisionFeatures,
    step: usize,
}

impl VisualSpan<'_> {
    /// Its tokens.
    pub fn grid(&self) -> VisualGrid {
        self.features.grid
    }

    /// What replaces the embeddings of its placeholders.
    pub fn tokens(&self) -> Tensor<2> {
        self.rows_of(&self.features.tokens)
    }

    /// What is added after a layer of the decoder.
    pub fn deepstack(&self, layer: usize) -> Tensor<2> {
        self.rows_of(&self.features.deepstack[layer])
    }

    fn rows_of(&self, all: &Tensor<2>) -> Tensor<2> {
        let count = self.features.tokens_per_step();
        slice_rows(all.clone(), self.step * count, count)
    }
}

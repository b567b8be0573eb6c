//! The rows of a forward pass.

use burn::tensor::{Device, Int, Tensor};

use crate::kernels::{add, gather_rows, gather_word_rows, slice_rows, upload_words};

/// The rows of a forward pass: parts of several prompts below each other, without padding.
#[derive(Debug, Clone)]
pub struct PackedRows {
    /// The residual stream, `[rows, hidden]`.
    pub x: Tensor<2>,
    /// Their rotary table, `[rows, head_dim]`.
    pub angles: Tensor<2>,
    /// The rows that each of them attends to, `[rows, 2]`: those of its own prompt up to itself.
    pub ranges: Tensor<2, Int>,
    /// What is added after each of the first layers: visual features, and zeros for text.
    pub deepstack: Vec<Tensor<2>>,
}

impl PackedRows {
    /// Some of the rows. Their ranges still refer to all rows.
    pub fn select(&self, indices: &[u32]) -> Self {
        let pick = |tensor: &Tensor<2>| gather_rows(tensor.clone(), indices);
        Self {
            x: pick(&self.x),
            angles: pick(&self.angles),
            ranges: gather_word_rows(self.ranges.clone(), indices),
            deepstack: self.deepstack.iter().map(pick).collect(),
        }
    }

    /// Consecutive rows of one prompt on their own. The rows before them must be in the prefix.
    pub fn slice(&self, start: usize, count: usize, device: &Device) -> Self {
        let cut = |tensor: &Tensor<2>| slice_rows(tensor.clone(), start, count);
        let ranges = (0..count as u32).flat_map(|i| [0, i + 1]).collect();
        Self {
            x: cut(&self.x),
            angles: cut(&self.angles),
            ranges: upload_ranges(ranges, device),
            deepstack: self.deepstack.iter().map(cut).collect(),
        }
    }

    /// Adds the features that belong after `layer`, if there are any.
    pub fn add_deepstack(&mut self, layer: usize) -> bool {
        let Some(features) = self.deepstack.get(layer) else { return false };
        self.x = add(self.x.clone(), features.clone());
        true
    }
}

/// The first row and the one past the last, for each row.
pub fn upload_ranges(ranges: Vec<u32>, device: &Device) -> Tensor<2, Int> {
    let rows = ranges.len() / 2;
    upload_words(ranges, [rows, 2], device)
}

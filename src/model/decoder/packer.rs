//! From prompts to the packed rows of a forward pass: embeddings, visual features, positions and ranges.

use burn::tensor::{Device, Tensor};

use super::layout::{PromptLayout, TokenRun};
use super::rows::{PackedRows, upload_ranges};
use crate::kernels::{concat_rows, upload, zeros};
use crate::model::error::ModelError;
use crate::model::layers::{EmbeddingTable, RotaryFrequencies};
use crate::model::prompt::TokenizedPrompt;
use crate::model::visual::{VisualGrid, VisualSpan};

/// Embeds prompts.
pub struct RowPacker {
    pub embedding: EmbeddingTable,
    pub frequencies: RotaryFrequencies,
    /// The token ids of image and video placeholders.
    pub placeholders: [Option<u32>; 2],
    pub hidden_size: usize,
    pub device: Device,
}

/// Accumulates the rows of prompts.
struct RowAccumulator {
    x: Vec<Tensor<2>>,
    /// Embeddings of text that are not on the device yet. Text of neighbouring prompts is uploaded at once.
    text: Vec<f32>,
    deepstack: Vec<Vec<Tensor<2>>>,
    positions: Vec<[u32; 3]>,
    ranges: Vec<u32>,
}

impl RowPacker {
    /// The tokens of each prompt from the given index on. Their embeddings must have been fetched.
    pub fn pack(&self, tails: &[(TokenizedPrompt<'_>, usize)]) -> Result<PackedRows, ModelError> {
        let levels = tails.iter().flat_map(|(prompt, _)| prompt.visuals).map(|v| v.deepstack.len()).max().unwrap_or(0);
        let mut rows = RowAccumulator {
            x: Vec::new(),
            text: Vec::new(),
            deepstack: vec![Vec::new(); levels],
            positions: Vec::new(),
            ranges: Vec::new(),
        };
        for &(prompt, from) in tails {
            self.add_prompt(prompt, from, &mut rows)?;
        }
        self.upload_text(&mut rows);
        Ok(PackedRows {
            x: concat_rows(rows.x),
            angles: self.frequencies.table(&rows.positions, &self.device),
            ranges: upload_ranges(rows.ranges, &self.device),
            deepstack: rows.deepstack.into_iter().map(concat_rows).collect(),
        })
    }

    fn add_prompt(
        &self,
        prompt: TokenizedPrompt<'_>,
        from: usize,
        rows: &mut RowAccumulator,
    ) -> Result<(), ModelError> {
        let TokenizedPrompt { ids, visuals, .. } = prompt;
        let spans: Vec<VisualSpan<'_>> = visuals.iter().flat_map(|features| features.spans()).collect();
        let steps: Vec<VisualGrid> = spans.iter().map(VisualSpan::grid).collect();
        let is_placeholder = |id: u32| !visuals.is_empty() && self.placeholders.contains(&Some(id));
        let layout = PromptLayout::new(ids, is_placeholder, &steps)?.skip(from)?;
        for run in &layout.runs {
            match run {
                TokenRun::Text(tokens) => {
                    for &id in &ids[tokens.clone()] {
                        self.embedding.push_row(id, &mut rows.text)?;
                    }
                }
                TokenRun::Visual(step) => {
                    self.upload_text(rows);
                    rows.x.push(spans[*step].tokens());
                }
            }
            for (level, parts) in rows.deepstack.iter_mut().enumerate() {
                parts.push(match run {
                    TokenRun::Text(tokens) => zeros([tokens.len(), self.hidden_size], &self.device),
                    TokenRun::Visual(step) => spans[*step].deepstack(level),
                });
            }
        }
        let start = rows.positions.len() as u32;
        rows.ranges.extend((0..layout.positions.len() as u32).flat_map(|i| [start, start + i + 1]));
        rows.positions.extend(layout.positions);
        Ok(())
    }

    fn upload_text(&self, rows: &mut RowAccumulator) {
        let count = rows.text.len() / self.hidden_size;
        if count > 0 {
            let values = std::mem::take(&mut rows.text);
            rows.x.push(upload(values, [count, self.hidden_size], &self.device));
        }
    }
}

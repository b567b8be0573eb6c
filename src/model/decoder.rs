//! The text decoder: layers of attention and gated MLP around a residual stream.

use burn::module::Module;
use burn::tensor::{Int, Tensor};

use super::attention::Attention;
use super::linear::Linear;
use super::norm::Norm;
use super::probe::{Probe, Stage};
use super::{ModelError, Turns};
use crate::kernels::{Keys, add, gather_rows, gather_word_rows, silu_gate};

/// The gated MLP of one layer.
#[derive(Module, Debug)]
pub struct Mlp {
    pub gate: Linear,
    pub up: Linear,
    pub down: Linear,
}

impl Mlp {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.down.forward(silu_gate(self.gate.forward(x.clone()), self.up.forward(x)))
    }
}

/// One decoder layer.
#[derive(Module, Debug)]
pub struct Layer {
    pub input_norm: Norm,
    pub attention: Attention,
    pub post_attention_norm: Norm,
    pub mlp: Mlp,
}

/// All layers and the final norm.
#[derive(Module, Debug)]
pub struct Decoder {
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Norm,
}

/// The rows of a forward pass: pieces of prompts below each other.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The embedded tokens, `[rows, hidden]`.
    pub x: Tensor<2>,
    /// Their angles, `[rows, head_dim]`.
    pub angles: Tensor<2>,
    /// The rows that each of them sees, `[rows, 2]`: those of its own piece up to itself.
    pub ranges: Tensor<2, Int>,
    /// What is added after each of the first layers: features of pictures, and zeros for text.
    pub deepstack: Vec<Tensor<2>>,
}

impl Rows {
    /// Some of the rows. Their ranges still name rows of the whole.
    fn select(&self, x: Tensor<2>, wanted: &[u32]) -> Self {
        let pick = |tensor: &Tensor<2>| gather_rows(tensor.clone(), wanted);
        Self {
            x: gather_rows(x, wanted),
            angles: pick(&self.angles),
            ranges: gather_word_rows(self.ranges.clone(), wanted),
            deepstack: self.deepstack.iter().map(pick).collect(),
        }
    }

    fn add_deepstack(&mut self, layer: usize) -> bool {
        let Some(features) = self.deepstack.get(layer) else { return false };
        self.x = add(self.x.clone(), features.clone());
        true
    }
}

/// What is asked of a forward pass.
pub enum Want {
    /// The keys and values alone: rows that others go on from. Nothing beyond them is computed in the last layer.
    Keys,
    /// The final hidden states of some rows. The last layer computes no others.
    Hidden(Vec<u32>),
    /// The same, with the last layer computed for all rows. Only to show what the other saves.
    HiddenTheLongWay(Vec<u32>),
}

/// What a forward pass gives.
pub struct Outcome {
    /// The keys and values of all rows, layer by layer, where they were asked for.
    pub keys: Vec<Keys>,
    /// The hidden states, where they were asked for.
    pub hidden: Option<Tensor<2>>,
}

impl Decoder {
    /// One pass over rows that may go on from a prefix, whose keys and values are given layer by layer.
    pub async fn forward(
        &self,
        mut rows: Rows,
        prefix: Option<&[Keys]>,
        want: &Want,
        turns: &dyn Turns,
    ) -> Result<Outcome, ModelError> {
        let mut kept = Vec::new();
        let last = self.layers.len() - 1;
        for (i, layer) in self.layers.iter().enumerate() {
            turns.next().await?;
            let normed = layer.input_norm.forward(rows.x.clone());
            let keys = layer.attention.keys(&normed, &rows.angles);
            if let Want::Keys = want {
                kept.push(keys.clone());
                if i == last {
                    break;
                }
            }
            let mut normed = normed;
            if let (Want::Hidden(wanted), true) = (want, i == last) {
                rows = rows.select(rows.x.clone(), wanted);
                normed = gather_rows(normed, wanted);
            }
            layer.forward(&mut rows, normed, keys, prefix.map(|prefix| &prefix[i]));
            rows.add_deepstack(i);
        }
        let hidden = match want {
            Want::Keys => None,
            Want::Hidden(_) => Some(self.norm.forward(rows.x)),
            Want::HiddenTheLongWay(wanted) => Some(gather_rows(self.norm.forward(rows.x), wanted)),
        };
        Ok(Outcome { keys: kept, hidden })
    }

    /// Every stage of all rows, for comparison with the reference.
    pub fn trace(&self, mut rows: Rows, probe: Probe<'_>) {
        for (i, layer) in self.layers.iter().enumerate() {
            let normed = layer.input_norm.forward(rows.x.clone());
            let keys = layer.attention.keys(&normed, &rows.angles);
            layer.forward(&mut rows, normed, keys, None);
            probe(Stage::Layer(i), &rows.x);
            if rows.add_deepstack(i) {
                probe(Stage::LayerWithDeepstack(i), &rows.x);
            }
        }
        probe(Stage::LastHidden, &self.norm.forward(rows.x));
    }
}

impl Layer {
    fn forward(&self, rows: &mut Rows, normed: Tensor<2>, keys: Keys, prefix: Option<&Keys>) {
        let seen = self.attention.attend(normed, rows.angles.clone(), keys, prefix, rows.ranges.clone());
        let x = add(rows.x.clone(), seen);
        rows.x = add(x.clone(), self.mlp.forward(self.post_attention_norm.forward(x)));
    }
}

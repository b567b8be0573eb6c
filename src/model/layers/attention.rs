//! Self-attention over packed sequences, with grouped query heads and an optional shared prefix.

use burn::module::Module;
use burn::tensor::{Int, Tensor};

use super::linear::Linear;
use super::norm::RmsNorm;
use super::rotary::rotate_heads;
use crate::kernels::{Heads, Keys, attention};

/// Self-attention, with rotary positions if it is given a rotary table. Which rows a row attends to is given by ranges, so
/// the same layer is causal in a decoder, bidirectional in an encoder and within an image, and local in a window.
#[derive(Module, Debug)]
pub struct SelfAttention {
    pub query: Linear,
    pub key: Linear,
    pub value: Linear,
    pub output: Linear,
    /// Norms of each head before it is rotated.
    pub query_norm: Option<RmsNorm>,
    pub key_norm: Option<RmsNorm>,
    pub query_heads: usize,
    pub key_heads: usize,
    /// Whether scores are lowered by distance (ALiBi).
    pub linear_bias: bool,
}

impl SelfAttention {
    /// The keys and values of the rows.
    pub fn keys_and_values(&self, x: &Tensor<2>, angles: Option<&Tensor<2>>) -> Keys {
        let k = positioned(self.key.forward(x.clone()), self.key_norm.as_ref(), angles);
        Keys { k, v: self.value.forward(x.clone()) }
    }

    /// The attention of rows to those of `own` within their ranges, and to all of `prefix`.
    pub fn attend(
        &self,
        x: Tensor<2>,
        angles: Option<&Tensor<2>>,
        own: Keys,
        prefix: Option<&Keys>,
        ranges: &Tensor<2, Int>,
    ) -> Tensor<2> {
        let q = positioned(self.query.forward(x), self.query_norm.as_ref(), angles);
        let heads = Heads { queries: self.query_heads, keys: self.key_heads, linear_bias: self.linear_bias };
        self.output.forward(attention(q, own, prefix.cloned(), ranges.clone(), heads))
    }
}

/// Heads, normalized and rotated if the model does so.
fn positioned(heads: Tensor<2>, norm: Option<&RmsNorm>, angles: Option<&Tensor<2>>) -> Tensor<2> {
    match angles {
        Some(angles) => rotate_heads(heads, norm, angles),
        None => heads,
    }
}

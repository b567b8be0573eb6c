//! Self-attention over packed sequences, with grouped query heads and an optional shared prefix.

use burn::module::Module;
use burn::tensor::{Int, Tensor};

use super::linear::Linear;
use super::norm::RmsNorm;
use super::rotary::rotate_heads;
use crate::kernels::{Heads, Keys, attention};

/// Self-attention with rotary positions. Which rows a row attends to is given by ranges, so the same layer is causal in a
/// decoder and bidirectional within an image.
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
}

impl SelfAttention {
    /// The keys and values of the rows.
    pub fn keys_and_values(&self, x: &Tensor<2>, angles: &Tensor<2>) -> Keys {
        let k = rotate_heads(self.key.forward(x.clone()), self.key_norm.as_ref(), angles);
        Keys { k, v: self.value.forward(x.clone()) }
    }

    /// The attention of rows to those of `own` within their ranges, and to all of `prefix`.
    pub fn attend(
        &self,
        x: Tensor<2>,
        angles: &Tensor<2>,
        own: Keys,
        prefix: Option<&Keys>,
        ranges: &Tensor<2, Int>,
    ) -> Tensor<2> {
        let q = rotate_heads(self.query.forward(x), self.query_norm.as_ref(), angles);
        let heads = Heads { queries: self.query_heads, keys: self.key_heads };
        self.output.forward(attention(q, own, prefix.cloned(), ranges.clone(), heads))
    }
}

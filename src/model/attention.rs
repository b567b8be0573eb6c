//! Self-attention of one decoder layer: causal, with grouped heads, over packed documents and a shared prefix.

use burn::module::Module;
use burn::tensor::{Int, Tensor};

use super::linear::Linear;
use super::norm::Norm;
use crate::kernels::{Heads, Keys, attention};

/// Self-attention of one decoder layer.
#[derive(Module, Debug)]
pub struct Attention {
    pub q: Linear,
    pub k: Linear,
    pub v: Linear,
    pub o: Linear,
    pub q_norm: Norm,
    pub k_norm: Norm,
    pub heads: usize,
    pub kv_heads: usize,
}

impl Attention {
    /// The keys and values of normed rows.
    pub fn keys(&self, x: &Tensor<2>, angles: &Tensor<2>) -> Keys {
        // Each head is normed before it is rotated.
        let k = self.k_norm.rotate(self.k.forward(x.clone()), angles.clone());
        Keys { k, v: self.v.forward(x.clone()) }
    }

    /// What queries of normed rows see of `own` within their ranges, and of the prefix.
    pub fn attend(
        &self,
        x: Tensor<2>,
        angles: Tensor<2>,
        own: Keys,
        prefix: Option<&Keys>,
        ranges: Tensor<2, Int>,
    ) -> Tensor<2> {
        let q = self.q_norm.rotate(self.q.forward(x), angles);
        let heads = Heads { queries: self.heads, keys: self.kv_heads };
        self.o.forward(attention(q, own, prefix.cloned(), ranges, heads))
    }
}

//! One block of the tower: every patch of a frame sees every other, and none of another frame.

use burn::module::Module;
use burn::tensor::{Int, Tensor};

use crate::kernels::{Heads, Keys, add, attention, gelu_tanh, rotate, slice_columns, upload_vector};
use crate::model::linear::Affine;
use crate::model::norm::LayerNorm;

#[derive(Module, Debug)]
pub struct Block {
    pub norm1: LayerNorm,
    pub qkv: Affine,
    pub proj: Affine,
    pub norm2: LayerNorm,
    pub fc1: Affine,
    pub fc2: Affine,
    pub heads: usize,
}

impl Block {
    /// `ranges` names the patches of each patch's frame.
    pub fn forward(&self, x: Tensor<2>, angles: &Tensor<2>, ranges: &Tensor<2, Int>) -> Tensor<2> {
        let x = add(x.clone(), self.attention(self.norm1.forward(x), angles, ranges));
        add(x.clone(), self.fc2.forward(gelu_tanh(self.fc1.forward(self.norm2.forward(x)))))
    }

    fn attention(&self, x: Tensor<2>, angles: &Tensor<2>, ranges: &Tensor<2, Int>) -> Tensor<2> {
        let width = x.dims()[1];
        let qkv = self.qkv.forward(x);
        let part = |i: usize| slice_columns(qkv.clone(), i * width, width);
        // Heads are not normed here, so that the weight is not read.
        let unused = upload_vector(vec![0.0; 4], &qkv.device());
        let turned = |i: usize| rotate(part(i), unused.clone(), angles.clone(), None);
        let keys = Keys { k: turned(1), v: part(2) };
        let heads = Heads { queries: self.heads, keys: self.heads };
        self.proj.forward(attention(turned(0), keys, None, ranges.clone(), heads))
    }
}

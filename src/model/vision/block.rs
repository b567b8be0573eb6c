//! One block of the tower: every patch of a frame sees every other, and none of another frame.

use burn::module::Module;
use burn::tensor::{Tensor, activation::softmax};

use crate::model::linear::Affine;
use crate::model::norm::LayerNorm;
use crate::model::rope::Rotation;

/// Scores of one chunk of queries, as in the decoder's attention.
const MAX_SCORE_BYTES: usize = 64 << 20;

/// Beyond this the logistic function is 0 or 1 in f32, and its exponential could overflow on some devices.
const LOGISTIC_RANGE: f64 = 30.0;

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
    /// `frame` is the number of patches of one frame.
    pub fn forward(&self, x: Tensor<2>, rotation: &Rotation, frame: usize) -> Tensor<2> {
        let x = x.clone() + self.attention(self.norm1.forward(x), rotation, frame);
        x.clone() + self.fc2.forward(gelu_tanh(self.fc1.forward(self.norm2.forward(x))))
    }

    fn attention(&self, x: Tensor<2>, rotation: &Rotation, frame: usize) -> Tensor<2> {
        let [rows, width] = x.dims();
        let head_dim = width / self.heads;
        let qkv = self.qkv.forward(x);
        let part = |i: usize| qkv.clone().narrow(1, i * width, width).reshape([rows, self.heads, head_dim]);
        let q = rotation.apply(part(0)).div_scalar((head_dim as f64).sqrt()).swap_dims(0, 1);
        let k = rotation.apply(part(1)).swap_dims(0, 1);
        let v = part(2).swap_dims(0, 1);
        let chunk = (MAX_SCORE_BYTES / (self.heads * frame * size_of::<f32>())).clamp(1, frame);
        let mut parts = Vec::new();
        for start in (0..rows).step_by(frame) {
            let (k, v) = (k.clone().narrow(1, start, frame), v.clone().narrow(1, start, frame));
            let k = k.swap_dims(1, 2);
            for first in (0..frame).step_by(chunk) {
                let queries = chunk.min(frame - first);
                let scores = q.clone().narrow(1, start + first, queries).matmul(k.clone());
                parts.push(softmax(scores, 2).matmul(v.clone()).swap_dims(0, 1).reshape([queries, width]));
            }
        }
        self.proj.forward(Tensor::cat(parts, 0))
    }
}

/// `x/2 · (1 + tanh(√(2/π)(x + 0.044715x³)))`, by the logistic function: some devices' `tanh` gives NaN for large
/// arguments, and their `pow` for negative ones.
fn gelu_tanh(x: Tensor<2>) -> Tensor<2> {
    let twice = 2.0 * (2.0 / std::f64::consts::PI).sqrt();
    let inner = x.clone() * (x.clone().square() * (twice * 0.044715) + twice);
    let inner = inner.clamp(-LOGISTIC_RANGE, LOGISTIC_RANGE);
    x / (inner.neg().exp() + 1.0)
}

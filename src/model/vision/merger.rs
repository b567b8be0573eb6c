//! Neighbouring patches side by side, mapped to the decoder's width.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::kernels::{gelu, reshape};
use crate::model::linear::Affine;
use crate::model::norm::LayerNorm;

/// The rows of a square of patches follow each other, so that merging them is a reshape.
#[derive(Module, Debug)]
pub struct Merger {
    pub norm: LayerNorm,
    pub fc1: Affine,
    pub fc2: Affine,
    /// Width of a whole square.
    pub width: usize,
    /// The last merger norms each patch, the deepstack ones the square.
    pub norm_after_merge: bool,
}

impl Merger {
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let [rows, width] = x.dims();
        let shape = [rows * width / self.width, self.width];
        let x = if self.norm_after_merge {
            self.norm.forward(reshape(x, shape))
        } else {
            reshape(self.norm.forward(x), shape)
        };
        self.fc2.forward(gelu(self.fc1.forward(x)))
    }
}

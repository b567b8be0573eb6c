//! Norms in f32: the sum of squares is where half precision would overflow.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::kernels::{layer_norm, rms_norm, rotate};

/// `x · rsqrt(mean(x²) + eps) · weight` over the last dimension.
#[derive(Module, Debug)]
pub struct Norm {
    weight: Param<Tensor<1>>,
    eps: f64,
}

impl Norm {
    pub fn new(weight: Tensor<1>, eps: f64) -> Self {
        Self { weight: Param::from_tensor(weight), eps }
    }

    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        rms_norm(x, self.weight.val(), self.eps as f32)
    }

    /// Norms each head of each row, then rotates it.
    pub fn rotate(&self, heads: Tensor<2>, angles: Tensor<2>) -> Tensor<2> {
        rotate(heads, self.weight.val(), angles, Some(self.eps as f32))
    }
}

/// Layer norm: mean and variance over the last dimension, then weight and bias.
#[derive(Module, Debug)]
pub struct LayerNorm {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
    eps: f64,
}

impl LayerNorm {
    pub fn new(weight: Tensor<1>, bias: Tensor<1>, eps: f64) -> Self {
        Self { weight: Param::from_tensor(weight), bias: Param::from_tensor(bias), eps }
    }

    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        layer_norm(x, self.weight.val(), self.bias.val(), self.eps as f32)
    }
}

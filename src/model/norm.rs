//! Norms in f32: the sum of squares is where half precision would overflow.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

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

    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let scale = x.clone().square().mean_dim(D - 1).add_scalar(self.eps).sqrt().recip();
        x * scale * self.weight.val().unsqueeze()
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
        let centred = x.clone() - x.mean_dim(1);
        let scale = centred.clone().square().mean_dim(1).add_scalar(self.eps).sqrt().recip();
        centred * scale * self.weight.val().unsqueeze() + self.bias.val().unsqueeze()
    }
}

//! Norms, computed in f32: the sum of squares would overflow in half precision.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::linear::Bias;
use super::source::TensorScope;
use crate::kernels::{layer_norm, rms_norm, rotate, upload_vector};
use crate::weights::WeightsError;

/// `x · rsqrt(mean(x²) + eps) · weight` over the last dimension.
#[derive(Module, Debug)]
pub struct RmsNorm {
    weight: Param<Tensor<1>>,
    eps: f64,
}

impl RmsNorm {
    /// From `weight`.
    pub async fn load(at: &TensorScope<'_>, width: usize, eps: f64) -> Result<Self, WeightsError> {
        Ok(Self { weight: Param::from_tensor(at.vector("weight", width).await?), eps })
    }

    /// Normalizes each row.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        rms_norm(x, self.weight.val(), self.eps as f32)
    }

    /// Normalizes each head of each row, then rotates it.
    pub fn rotate(&self, heads: Tensor<2>, angles: Tensor<2>) -> Tensor<2> {
        rotate(heads, self.weight.val(), angles, Some(self.eps as f32))
    }
}

/// `(x - mean(x)) · rsqrt(var(x) + eps) · weight + bias` over the last dimension. A norm without bias has one of zeros.
#[derive(Module, Debug)]
pub struct LayerNorm {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
    eps: f64,
}

impl LayerNorm {
    /// From `weight` and `bias`.
    pub async fn load(at: &TensorScope<'_>, width: usize, eps: f64) -> Result<Self, WeightsError> {
        let weight = Param::from_tensor(at.vector("weight", width).await?);
        Ok(Self { weight, bias: Param::from_tensor(at.vector("bias", width).await?), eps })
    }

    /// From `weight`, and from `bias` if it has one.
    pub async fn load_with(at: &TensorScope<'_>, width: usize, eps: f64, bias: Bias) -> Result<Self, WeightsError> {
        if bias == Bias::Present {
            return Self::load(at, width, eps).await;
        }
        let zeros = upload_vector(vec![0.0; width], at.source().device());
        let weight = Param::from_tensor(at.vector("weight", width).await?);
        Ok(Self { weight, bias: Param::from_tensor(zeros), eps })
    }

    /// Normalizes each row.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        layer_norm(x, self.weight.val(), self.bias.val(), self.eps as f32)
    }
}

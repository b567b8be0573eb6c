//! `y = x · wᵀ + b`.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::source::{TensorScope, TensorSource};
use super::weight::LinearWeight;
use crate::kernels::add_bias;
use crate::weights::WeightsError;

/// A linear map, with or without bias.
#[derive(Module, Debug)]
pub struct Linear {
    weight: LinearWeight,
    bias: Option<Param<Tensor<1>>>,
}

/// Whether a linear map has a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bias {
    /// It has one.
    Present,
    /// It has none.
    Absent,
}

impl Bias {
    /// Whether there is one.
    pub fn is_present(self) -> bool {
        self == Self::Present
    }
}

impl Linear {
    /// From `weight`, of the given rows and columns, and `bias`.
    pub async fn load<S: TensorSource>(
        at: &TensorScope<'_, S>,
        [rows, columns]: [usize; 2],
        bias: Bias,
    ) -> Result<Self, WeightsError> {
        let [linear] = Self::load_fused(at, [rows], columns, bias).await?;
        Ok(linear)
    }

    /// Several maps of the same input whose weights a checkpoint stores below each other in one tensor.
    pub async fn load_fused<S: TensorSource, const N: usize>(
        at: &TensorScope<'_, S>,
        rows: [usize; N],
        columns: usize,
        bias: Bias,
    ) -> Result<[Self; N], WeightsError> {
        let mut weights = at.source().matrices(&at.name("weight"), &rows, columns).await?.into_iter();
        let mut biases = match bias {
            Bias::Present => at.source().vectors(&at.name("bias"), &rows).await?,
            Bias::Absent => Vec::new(),
        }
        .into_iter();
        Ok(rows
            .map(|_| Self { weight: weights.next().unwrap_or_default(), bias: biases.next().map(Param::from_tensor) }))
    }

    /// The linear map of patches that is equivalent to a convolution whose stride is the size of its kernel.
    pub async fn load_patch_convolution<S: TensorSource>(
        at: &TensorScope<'_, S>,
        shape: [usize; 5],
        bias: Bias,
    ) -> Result<Self, WeightsError> {
        let weight = at.source().patch_kernel(&at.name("weight"), shape).await?;
        let bias = match bias {
            Bias::Present => Some(Param::from_tensor(at.vector("bias", shape[0]).await?)),
            Bias::Absent => None,
        };
        Ok(Self { weight, bias })
    }

    /// `x · wᵀ + b` for each row of `x`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let y = self.weight.multiply(x);
        match &self.bias {
            Some(bias) => add_bias(y, bias.val()),
            None => y,
        }
    }
}

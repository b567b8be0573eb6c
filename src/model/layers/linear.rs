//! `y = x · wᵀ + b`.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::source::TensorScope;
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
    pub async fn load(at: &TensorScope<'_>, [rows, columns]: [usize; 2], bias: Bias) -> Result<Self, WeightsError> {
        Ok(Self::load_fused(at, &[rows], columns, bias).await?.swap_remove(0))
    }

    /// Several maps of the same input whose weights a checkpoint stores below each other in one tensor.
    pub async fn load_fused(
        at: &TensorScope<'_>,
        rows: &[usize],
        columns: usize,
        bias: Bias,
    ) -> Result<Vec<Self>, WeightsError> {
        let weights = at.source().matrices(&at.name("weight"), rows, columns).await?;
        let mut biases = load_biases(at, rows, bias).await?;
        Ok(weights.into_iter().map(|weight| Self { weight, bias: biases.next() }).collect())
    }

    /// The linear map of patches that is equivalent to a convolution whose stride is the size of its kernel.
    pub async fn load_patch_convolution(
        at: &TensorScope<'_>,
        shape: [usize; 5],
        bias: Bias,
    ) -> Result<Self, WeightsError> {
        let weight = at.source().patch_kernel(&at.name("weight"), shape).await?;
        Ok(Self { weight, bias: load_biases(at, &shape[..1], bias).await?.next() })
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

/// A bias for each map; none if they have none.
async fn load_biases(
    at: &TensorScope<'_>,
    rows: &[usize],
    bias: Bias,
) -> Result<impl Iterator<Item = Param<Tensor<1>>> + use<>, WeightsError> {
    let biases = match bias {
        Bias::Present => at.source().vectors(&at.name("bias"), rows).await?,
        Bias::Absent => Vec::new(),
    };
    Ok(biases.into_iter().map(Param::from_tensor))
}

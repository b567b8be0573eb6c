//! Feed-forward layers.

use burn::module::Module;
use burn::tensor::Tensor;

use super::linear::Linear;
use crate::kernels::{gelu, gelu_tanh, silu_gate};

/// `down(silu(gate(x)) · up(x))`.
#[derive(Module, Debug)]
pub struct GatedMlp {
    pub gate: Linear,
    pub up: Linear,
    pub down: Linear,
}

impl GatedMlp {
    /// Applied to each row.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.down.forward(silu_gate(self.gate.forward(x.clone()), self.up.forward(x)))
    }
}

/// `down(activation(up(x)))`.
#[derive(Module, Debug)]
pub struct Mlp {
    pub up: Linear,
    pub down: Linear,
    #[module(skip)]
    pub activation: MlpActivation,
}

/// The activation of an [`Mlp`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MlpActivation {
    /// GELU by the error function.
    Gelu,
    /// GELU in its tanh approximation.
    GeluTanh,
}

impl Mlp {
    /// Applied to each row.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let inner = self.up.forward(x);
        self.down.forward(match self.activation {
            MlpActivation::Gelu => gelu(inner),
            MlpActivation::GeluTanh => gelu_tanh(inner),
        })
    }
}

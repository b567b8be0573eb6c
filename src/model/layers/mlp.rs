//! Feed-forward layers.

use burn::module::Module;
use burn::tensor::Tensor;

use super::linear::Linear;
use crate::kernels::{gelu, gelu_gate, gelu_quick, gelu_tanh, gelu_tanh_gate, silu_gate};

/// `down(activation(gate(x)) · up(x))`.
#[derive(Module, Debug)]
pub struct GatedMlp {
    pub gate: Linear,
    pub up: Linear,
    pub down: Linear,
    #[module(skip)]
    pub activation: GateActivation,
}

/// The activation of a [`GatedMlp`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateActivation {
    /// SiLU.
    Silu,
    /// GELU by the error function.
    Gelu,
    /// GELU in its tanh approximation.
    GeluTanh,
}

impl GatedMlp {
    /// Applied to each row.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let (gate, up) = (self.gate.forward(x.clone()), self.up.forward(x));
        self.down.forward(match self.activation {
            GateActivation::Silu => silu_gate(gate, up),
            GateActivation::Gelu => gelu_gate(gate, up),
            GateActivation::GeluTanh => gelu_tanh_gate(gate, up),
        })
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
    /// GELU in its quick form, which no encoder of texts has.
    GeluQuick,
}

impl Mlp {
    /// Applied to each row.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let inner = self.up.forward(x);
        self.down.forward(match self.activation {
            MlpActivation::Gelu => gelu(inner),
            MlpActivation::GeluTanh => gelu_tanh(inner),
            MlpActivation::GeluQuick => gelu_quick(inner),
        })
    }
}

//! The text decoder: layers of attention and gated MLP around a residual stream.

use burn::module::Module;
use burn::tensor::{Tensor, activation::silu};

use super::attention::{Attention, CausalMask};
use super::linear::Linear;
use super::norm::Norm;
use super::rope::Rotation;

/// The gated MLP of one layer.
#[derive(Module, Debug)]
pub struct Mlp {
    pub gate: Linear,
    pub up: Linear,
    pub down: Linear,
}

impl Mlp {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.down.forward(silu(self.gate.forward(x.clone())) * self.up.forward(x))
    }
}

/// One decoder layer.
#[derive(Module, Debug)]
pub struct Layer {
    pub input_norm: Norm,
    pub attention: Attention,
    pub post_attention_norm: Norm,
    pub mlp: Mlp,
}

impl Layer {
    fn forward(&self, x: Tensor<2>, rotation: &Rotation, mask: &CausalMask) -> Tensor<2> {
        let x = x.clone() + self.attention.forward(self.input_norm.forward(x), rotation, mask);
        x.clone() + self.mlp.forward(self.post_attention_norm.forward(x))
    }
}

/// All layers and the final norm.
#[derive(Module, Debug)]
pub struct Decoder {
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Norm,
    pub(super) theta: f64,
}

/// What [`Decoder::trace`] returns: every intermediate stage that the reference can be asked for.
pub struct Trace {
    /// The residual stream after each layer.
    pub layers: Vec<Tensor<2>>,
    /// After the final norm, all positions.
    pub last_hidden: Tensor<2>,
}

impl Decoder {
    /// The final hidden state of the last of `x`'s positions, `[1, hidden]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let (rotation, mask) = self.positions(&x);
        let x = self.layers.iter().fold(x, |x, layer| layer.forward(x, &rotation, &mask));
        let last = x.dims()[0] - 1;
        self.norm.forward(x.narrow(0, last, 1))
    }

    /// [`Decoder::forward`] with every stage kept, for comparison with the reference.
    pub fn trace(&self, mut x: Tensor<2>) -> Trace {
        let (rotation, mask) = self.positions(&x);
        let mut layers = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            x = layer.forward(x, &rotation, &mask);
            layers.push(x.clone());
        }
        Trace { layers, last_hidden: self.norm.forward(x) }
    }

    fn positions(&self, x: &Tensor<2>) -> (Rotation, CausalMask) {
        let (tokens, device) = (x.dims()[0], x.device());
        let attention = &self.layers[0].attention;
        let rotation = Rotation::new(tokens, attention.head_dim, self.theta, &device);
        (rotation, CausalMask::new(tokens, attention.heads, &device))
    }
}

//! The text decoder: layers of attention and gated MLP around a residual stream.

use burn::module::Module;
use burn::tensor::{Tensor, activation::silu};

use super::attention::{Attention, CausalMask};
use super::linear::Linear;
use super::norm::Norm;
use super::probe::{Probe, Stage, blind};
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
}

/// What a forward pass works on.
pub struct Input {
    /// The embedded prompt, `[tokens, hidden]`.
    pub x: Tensor<2>,
    /// Its positions.
    pub rotation: Rotation,
    /// What is added after each of the first layers: features of pictures, and zeros for text.
    pub deepstack: Vec<Tensor<2>>,
}

impl Decoder {
    /// The final hidden state of the last position, `[1, hidden]`.
    pub fn forward(&self, input: Input) -> Tensor<2> {
        let x = self.layers(input, &mut blind);
        let last = x.dims()[0] - 1;
        self.norm.forward(x.narrow(0, last, 1))
    }

    /// [`Decoder::forward`] for all positions, with every stage shown.
    pub fn trace(&self, input: Input, probe: Probe<'_>) {
        let x = self.layers(input, probe);
        probe(Stage::LastHidden, &self.norm.forward(x));
    }

    fn layers(&self, Input { mut x, rotation, deepstack }: Input, probe: Probe<'_>) -> Tensor<2> {
        let mask = CausalMask::new(x.dims()[0], self.layers[0].attention.heads, &x.device());
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(x, &rotation, &mask);
            probe(Stage::Layer(i), &x);
            if let Some(features) = deepstack.get(i) {
                x = x + features.clone();
                probe(Stage::LayerWithDeepstack(i), &x);
            }
        }
        x
    }
}

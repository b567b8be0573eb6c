//! What is done value by value: `silu(gate) · up` of the decoder, the tanh form of GELU of the vision tower, sums.

use burn_cubecl::tensor::CubeTensor;
use burn_flex::FlexTensor;

use super::cpu::Values;
use super::gpu::{self, Shader};
use super::norm::grid;

pub(super) const GATE: Shader = Shader {
    name: "gate",
    text: &[include_str!("../../shaders/gate.wgsl")],
    words: None,
    workgroup: (64, 1),
    quads: false,
};

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `silu(gate) · up`
    Silu,
    /// `gelu(gate)` by its tanh form; `up` is not used.
    GeluTanh,
    /// `gate + up`
    Sum,
}

/// Values that one invocation computes.
const WORD: usize = 4;

pub(super) fn gpu(gate: CubeTensor, up: CubeTensor, activation: Activation, out: CubeTensor) -> CubeTensor {
    let [rows, width] = gpu::shape(&out);
    let words = (rows * width).div_ceil(WORD);
    let groups = grid(words.div_ceil(64));
    GATE.launch(vec![gate, up], out, &[words as u32, groups[0] as u32, activation as u32], groups)
}

pub(super) fn cpu(gate: FlexTensor, up: FlexTensor, activation: Activation, mut out: FlexTensor) -> FlexTensor {
    let gate = Values::new(gate);
    let values = out.storage_mut::<f32>().iter_mut().zip(gate.f32());
    match activation {
        Activation::Silu => {
            let up = Values::new(up);
            values.zip(up.f32()).for_each(|((out, g), up)| *out = g * logistic(*g) * up);
        }
        Activation::Sum => {
            let up = Values::new(up);
            values.zip(up.f32()).for_each(|((out, g), up)| *out = g + up);
        }
        Activation::GeluTanh => {
            let twice = 2.0 * (2.0 / std::f32::consts::PI).sqrt();
            values.for_each(|(out, g)| *out = g * logistic(twice * (g + 0.044715 * g * g * g)));
        }
    }
    out
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `e^x` to a few units in the last place, in operations that the compiler keeps in vector registers: wasm has no
/// exponential of its own, and the library's takes one value at a time.
pub(super) fn exp(x: f32) -> f32 {
    // Beyond these f32 has nothing but zero and infinity.
    let x = x.clamp(-87.0, 88.0);
    let whole = (x * std::f32::consts::LOG2_E + 0.5).floor();
    // ln 2 in two parts, of which the first times a small whole number is exact.
    let r = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let p = 1.987_569_1e-4_f32;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let value = p * r * r + r + 1.0;
    value * f32::from_bits(((whole as i32 + 127) as u32) << 23)
}

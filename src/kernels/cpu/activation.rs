//! Element-wise operations.

use burn_flex::FlexTensor;

use super::math::{exp, gelu};
use super::values::Values;
use crate::kernels::params::Activation;

pub fn activate(a: FlexTensor, b: FlexTensor, activation: Activation, mut out: FlexTensor) -> FlexTensor {
    let (a, b) = (Values::new(a), Values::new(b));
    let values = out.storage_mut::<f32>().iter_mut().zip(a.f32());
    match activation {
        Activation::SiluGate => values.zip(b.f32()).for_each(|((out, a), b)| *out = a * logistic(*a) * b),
        Activation::GeluTanhGate => values.zip(b.f32()).for_each(|((out, a), b)| *out = gelu_tanh(*a) * b),
        Activation::GeluErfGate => values.zip(b.f32()).for_each(|((out, a), b)| *out = gelu(*a) * b),
        Activation::GeluTanh => values.for_each(|(out, a)| *out = gelu_tanh(*a)),
        Activation::GeluErf => values.for_each(|(out, a)| *out = gelu(*a)),
        Activation::GeluQuick => values.for_each(|(out, a)| *out = a * logistic(1.702 * a)),
        Activation::Sum => {
            let b = b.f32();
            let rows = out.storage_mut::<f32>().chunks_exact_mut(b.len()).zip(a.f32().chunks_exact(b.len()));
            for (out, a) in rows {
                out.iter_mut().zip(a).zip(b).for_each(|((out, a), b)| *out = a + b);
            }
        }
    }
    out
}

#[inline(always)]
fn gelu_tanh(x: f32) -> f32 {
    let twice = 2.0 * (2.0 / std::f32::consts::PI).sqrt();
    x * logistic(twice * (x + 0.044715 * x * x * x))
}

#[inline(always)]
fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

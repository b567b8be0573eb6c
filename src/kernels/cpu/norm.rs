//! RMS norm and layer norm of rows.

use burn_flex::FlexTensor;

use super::math::sum;
use super::values::{Values, shape};

pub fn rms(x: FlexTensor, weight: FlexTensor, eps: f32, mut out: FlexTensor) -> FlexTensor {
    let width = shape(&out)[1];
    let (x, weight) = (Values::new(x), Values::new(weight));
    for (x, out) in x.f32().chunks_exact(width).zip(out.storage_mut::<f32>().chunks_exact_mut(width)) {
        let scale = inverse_rms(x, eps);
        for ((out, x), weight) in out.iter_mut().zip(x).zip(weight.f32()) {
            *out = x * scale * weight;
        }
    }
    out
}

pub fn layer(x: FlexTensor, weight: FlexTensor, bias: FlexTensor, eps: f32, mut out: FlexTensor) -> FlexTensor {
    let width = shape(&out)[1];
    let (x, weight, bias) = (Values::new(x), Values::new(weight), Values::new(bias));
    for (x, out) in x.f32().chunks_exact(width).zip(out.storage_mut::<f32>().chunks_exact_mut(width)) {
        let mean = sum(x, |v| v) / width as f32;
        let variance = sum(x, |v| (v - mean) * (v - mean)) / width as f32;
        let scale = 1.0 / (variance + eps).sqrt();
        for (((out, x), weight), bias) in out.iter_mut().zip(x).zip(weight.f32()).zip(bias.f32()) {
            *out = (x - mean) * scale * weight + bias;
        }
    }
    out
}

/// `1 / sqrt(mean(x²) + eps)`
pub fn inverse_rms(x: &[f32], eps: f32) -> f32 {
    1.0 / (sum(x, |v| v * v) / x.len() as f32 + eps).sqrt()
}

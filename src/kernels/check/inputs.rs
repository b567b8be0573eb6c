//! Deterministic inputs.

use burn::tensor::{Device, Int, Tensor};

use crate::kernels::{upload, upload_vector, upload_words};

/// RandomNumbers that look random and are the same everywhere: a linear congruential generator.
pub struct RandomNumbers(pub u32);

impl RandomNumbers {
    pub fn bits(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 8
    }

    /// From -1 to 1.
    pub fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.bits() as f32 / (1 << 23) as f32 - 1.0).collect()
    }
}

pub fn matrix(values: &[f32], shape: [usize; 2], device: &Device) -> Tensor<2> {
    upload(values.to_vec(), shape, device)
}

pub fn vector(values: &[f32], device: &Device) -> Tensor<1> {
    upload_vector(values.to_vec(), device)
}

pub fn words(values: &[u32], shape: [usize; 2], device: &Device) -> Tensor<2, Int> {
    upload_words(values.to_vec(), shape, device)
}

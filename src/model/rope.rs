//! Rotary positions, half-split form.

use burn::tensor::{Device, Tensor, TensorData};

/// Cosines and sines of every position and frequency, `[tokens, 1, head_dim / 2]`, made once for a forward pass.
#[derive(Debug, Clone)]
pub struct Rotation {
    cos: Tensor<3>,
    sin: Tensor<3>,
}

impl Rotation {
    /// For positions `0..tokens`. Angles are formed in double precision and rounded once.
    pub fn new(tokens: usize, head_dim: usize, theta: f64, device: &Device) -> Self {
        let half = head_dim / 2;
        let angle = |i: usize| (i / half) as f64 * theta.powf(-((i % half) as f64) / half as f64);
        let table = |f: fn(f64) -> f64| {
            let values: Vec<f32> = (0..tokens * half).map(|i| f(angle(i)) as f32).collect();
            Tensor::from_data(TensorData::new(values, [tokens, 1, half]), device)
        };
        Self { cos: table(f64::cos), sin: table(f64::sin) }
    }

    /// Rotates `x [tokens, heads, head_dim]`.
    pub fn apply(&self, x: Tensor<3>) -> Tensor<3> {
        let half = x.dims()[2] / 2;
        let first = x.clone().narrow(2, 0, half);
        let second = x.narrow(2, half, half);
        Tensor::cat(
            vec![
                first.clone() * self.cos.clone() - second.clone() * self.sin.clone(),
                second * self.cos.clone() + first * self.sin.clone(),
            ],
            2,
        )
    }
}

//! Rotary positions, half-split form.

use burn::tensor::{Device, Tensor, TensorData};

/// Cosines and sines of every position and frequency, `[tokens, 1, head_dim / 2]`, made once for a forward pass.
#[derive(Debug, Clone)]
pub struct Rotation {
    cos: Tensor<3>,
    sin: Tensor<3>,
}

/// Which position each rotary frequency of a decoder follows: time, height or width.
#[derive(Debug, Clone)]
pub struct Frequencies {
    /// Angle of one step, and the axis, in the order of the frequencies.
    steps: Vec<(f64, usize)>,
}

impl Frequencies {
    /// One axis for all: a text model, whose three positions are the same anyway.
    pub fn plain(head_dim: usize, theta: f64) -> Self {
        Self::interleaved(head_dim, theta, [head_dim / 2, 0, 0])
    }

    /// Time, height and width take turns until the sections of height and width are used up; time has the rest.
    pub fn interleaved(head_dim: usize, theta: f64, sections: [usize; 3]) -> Self {
        let half = head_dim / 2;
        let axis = |j: usize| match j % 3 {
            axis @ (1 | 2) if j < 3 * sections[axis] => axis,
            _ => 0,
        };
        Self { steps: (0..half).map(|j| (theta.powf(-(j as f64) / half as f64), axis(j))).collect() }
    }

    /// The rotation of tokens at these positions.
    pub fn rotation(&self, positions: &[[u32; 3]], device: &Device) -> Rotation {
        Rotation::new(positions.len(), self.steps.len(), device, |token, j| {
            let (step, axis) = self.steps[j];
            f64::from(positions[token][axis]) * step
        })
    }
}

impl Rotation {
    /// From the angle of each token and frequency, formed in double precision and rounded once.
    pub fn new(tokens: usize, half: usize, device: &Device, angle: impl Fn(usize, usize) -> f64) -> Self {
        let table = |f: fn(f64) -> f64| {
            let values: Vec<f32> = (0..tokens * half).map(|i| f(angle(i / half, i % half)) as f32).collect();
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

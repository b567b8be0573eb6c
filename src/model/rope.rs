//! Rotary positions, half-split form.

use burn::tensor::{Device, Tensor};

use crate::kernels::upload;

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

    /// The angles of tokens at these positions, as [`crate::kernels::rotate`] takes them.
    pub fn angles(&self, positions: &[[u32; 3]], device: &Device) -> Tensor<2> {
        angles(positions.len(), self.steps.len(), device, |token, j| {
            let (step, axis) = self.steps[j];
            f64::from(positions[token][axis]) * step
        })
    }
}

/// Cosines, then sines, of the angle of each token and frequency, formed in double precision and rounded once.
pub fn angles(tokens: usize, half: usize, device: &Device, angle: impl Fn(usize, usize) -> f64) -> Tensor<2> {
    let mut values = Vec::with_capacity(tokens * half * 2);
    for token in 0..tokens {
        values.extend((0..half).map(|j| angle(token, j).cos() as f32));
        values.extend((0..half).map(|j| angle(token, j).sin() as f32));
    }
    upload(values, [tokens, half * 2], device)
}

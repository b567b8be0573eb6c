//! Rotary positions in half-split form.

use burn::tensor::{Device, Tensor};

use super::norm::RmsNorm;
use crate::kernels::{rotate, upload, upload_vector};

/// In which order the frequencies of a head follow a token's time, height and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotaryOrder {
    /// In turns, until the sections of height and width are used up; the rest is time's.
    Interleaved,
    /// All of time's, then all of height's, then all of width's.
    Chunked,
}

/// The rotary frequencies of a trunk, and which of a token's three positions each of them follows.
#[derive(Debug, Clone)]
pub struct RotaryFrequencies {
    /// The angle of one position, and the axis: 0 for time, 1 for height, 2 for width.
    frequencies: Vec<(f64, usize)>,
}

impl RotaryFrequencies {
    /// `sections` gives the number of frequencies of each axis. For text all three positions are equal, so sections make
    /// no difference.
    pub fn new(head_dim: usize, theta: f64, sections: [usize; 3], order: RotaryOrder) -> Self {
        let half = head_dim / 2;
        let axis = |j: usize| match (order, j % 3) {
            (RotaryOrder::Interleaved, axis @ (1 | 2)) if j < 3 * sections[axis] => axis,
            (RotaryOrder::Interleaved, _) => 0,
            (RotaryOrder::Chunked, _) => usize::from(j >= sections[0]) + usize::from(j >= sections[0] + sections[1]),
        };
        Self { frequencies: (0..half).map(|j| (theta.powf(-(j as f64) / half as f64), axis(j))).collect() }
    }

    /// The rotary table of tokens at these positions.
    pub fn table(&self, positions: &[[u32; 3]], device: &Device) -> Tensor<2> {
        rotary_table(positions.len(), self.frequencies.len(), device, |token, j| {
            let (frequency, axis) = self.frequencies[j];
            f64::from(positions[token][axis]) * frequency
        })
    }
}

/// Cosines, then sines, of the angle of each token and frequency, as [`crate::kernels::rotate`] takes them. They are
/// computed in double precision and rounded once.
pub fn rotary_table(tokens: usize, half: usize, device: &Device, angle: impl Fn(usize, usize) -> f64) -> Tensor<2> {
    let mut values = Vec::with_capacity(tokens * half * 2);
    for token in 0..tokens {
        values.extend((0..half).map(|j| angle(token, j).cos() as f32));
        values.extend((0..half).map(|j| angle(token, j).sin() as f32));
    }
    upload(values, [tokens, half * 2], device)
}

/// Rotates each head of each row, after normalizing it if there is a norm.
pub fn rotate_heads(heads: Tensor<2>, norm: Option<&RmsNorm>, angles: &Tensor<2>) -> Tensor<2> {
    match norm {
        Some(norm) => norm.rotate(heads, angles.clone()),
        None => {
            // The kernel takes a weight, and does not read it.
            let unread = upload_vector(vec![0.0; 4], &heads.device());
            rotate(heads, unread, angles.clone(), None)
        }
    }
}

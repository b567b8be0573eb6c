//! The places of the rows of a forward pass: which rows they attend to, and their rotary tables.

use burn::tensor::{Device, Int, Tensor};

use crate::kernels::{gather_rows, gather_word_rows, upload_words};
use crate::model::config::{LayerAttention, Rotary};
use crate::model::layers::rotary_table;

/// What a layer needs to know of the places of rows.
#[derive(Debug, Clone)]
pub struct RowPlaces {
    /// The rows that each of them attends to, `[rows, 2]`.
    pub ranges: Tensor<2, Int>,
    /// Their rotary table, `[rows, head]`.
    pub angles: Option<Tensor<2>>,
}

impl RowPlaces {
    /// Some of the rows. Their ranges still refer to all rows.
    pub fn select(&self, indices: &[u32]) -> Self {
        Self {
            ranges: gather_word_rows(self.ranges.clone(), indices),
            angles: self.angles.as_ref().map(|angles| gather_rows(angles.clone(), indices)),
        }
    }
}

/// The places of the rows of several pairs below each other. Layers of the same attention share them.
pub struct BatchPlaces {
    kinds: Vec<(LayerAttention, RowPlaces)>,
}

impl BatchPlaces {
    /// Of pairs of the given lengths.
    pub fn new(lens: &[usize], layers: &[LayerAttention], head_dim: usize, device: &Device) -> Self {
        let mut kinds: Vec<(LayerAttention, RowPlaces)> = Vec::new();
        for &layer in layers {
            if kinds.iter().any(|(kind, _)| *kind == layer) {
                continue;
            }
            let ranges = ranges(lens, layer.window);
            let rows = ranges.len() / 2;
            let ranges = upload_words(ranges, [rows, 2], device);
            let angles = layer.rotary.map(|rotary| angles(lens, rotary, head_dim, device));
            kinds.push((layer, RowPlaces { ranges, angles }));
        }
        Self { kinds }
    }

    /// For a layer.
    pub fn of(&self, layer: LayerAttention) -> &RowPlaces {
        let found = self.kinds.iter().find(|(kind, _)| *kind == layer);
        &found.expect("every layer's kind is among them").1
    }
}

/// The first visible row and the one past the last, for each row.
fn ranges(lens: &[usize], window: Option<usize>) -> Vec<u32> {
    let mut ranges = Vec::with_capacity(2 * lens.iter().sum::<usize>());
    let mut start = 0;
    for &len in lens {
        for row in 0..len {
            let (first, end) = match window {
                Some(window) => (row.saturating_sub(window), len.min(row + window + 1)),
                None => (0, len),
            };
            ranges.extend([(start + first) as u32, (start + end) as u32]);
        }
        start += len;
    }
    ranges
}

fn angles(lens: &[usize], rotary: Rotary, head_dim: usize, device: &Device) -> Tensor<2> {
    let half = head_dim / 2;
    let frequencies: Vec<f64> =
        (0..half).map(|k| rotary.theta.powf(-(k as f64) / half as f64) / rotary.divisor).collect();
    let positions: Vec<usize> = lens.iter().flat_map(|&len| 0..len).collect();
    rotary_table(positions.len(), half, device, |token, k| positions[token] as f64 * frequencies[k])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_stays_within_its_pair() {
        assert_eq!(ranges(&[2, 3], None), [0, 2, 0, 2, 2, 5, 2, 5, 2, 5]);
        assert_eq!(ranges(&[4, 2], Some(1)), [0, 2, 0, 3, 1, 4, 2, 4, 4, 6, 4, 6]);
    }
}

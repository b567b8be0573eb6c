//! The head of an embedding model: what turns a pooled hidden state into a vector.

use super::layers::{HeadLayer, HeadLayerTensors};
use super::modules::HeadModules;
use crate::weights::{Checkpoint, WeightsError};

/// Norms below this are taken as this, as in the reference: a vector of zeros stays one.
const MIN_NORM: f64 = 1e-12;

/// The loaded head of an embedding model.
pub struct EmbeddingHead {
    layers: Vec<HeadLayer>,
    normalize: bool,
}

impl EmbeddingHead {
    /// Reads its layers, if it has any, for hidden states of `width` values.
    pub async fn load(modules: &HeadModules, checkpoint: &Checkpoint, width: usize) -> Result<Self, WeightsError> {
        let tensors: Vec<HeadLayerTensors> = modules.find(checkpoint, width)?;
        let mut layers = Vec::with_capacity(tensors.len());
        for layer in &tensors {
            layers.push(HeadLayer::load(layer, checkpoint).await?);
        }
        Ok(Self { layers, normalize: modules.normalize })
    }

    /// Whether vectors have unit length.
    pub fn normalizes(&self) -> bool {
        self.normalize
    }

    /// The vector of a hidden state, cut to `dimensions` if they are given. A vector of unit length has that after the
    /// cut, too.
    pub fn vector(&self, hidden: &[f32], dimensions: Option<usize>) -> Vec<f32> {
        let hidden = hidden.iter().map(|&h| f64::from(h)).collect();
        let mut vector = self.layers.iter().fold(hidden, |x: Vec<f64>, layer| layer.forward(&x));
        vector.truncate(dimensions.unwrap_or(usize::MAX));
        if self.normalize {
            let norm = vector.iter().map(|v| v * v).sum::<f64>().sqrt().max(MIN_NORM);
            vector.iter_mut().for_each(|v| *v /= norm);
        }
        vector.into_iter().map(|v| v as f32).collect()
    }
}

//! The relative positions of DeBERTa: one row for each distance up to half the buckets, and beyond that one for ever more.

use burn::tensor::{Device, Tensor};

use crate::kernels::{DisentangledSizes, upload};
use crate::model::config::{EncoderConfig, Positions};
use crate::model::layers::{LayerNorm, TensorScope};
use crate::weights::WeightsError;

/// The embeddings of relative positions, which all layers share.
pub struct RelativeEmbeddings {
    values: Vec<f32>,
    width: usize,
    norm: LayerNorm,
    sizes: DisentangledSizes,
    device: Device,
}

/// What a layer needs of them in one pass.
pub struct RelativePass {
    /// The embeddings after their norm, `[positions, hidden]`.
    pub embeddings: Tensor<2>,
    /// Which of them belongs to which distance.
    pub sizes: DisentangledSizes,
}

impl RelativeEmbeddings {
    /// The table and its norm, in an encoder that has them.
    pub async fn load(at: &TensorScope<'_>, config: &EncoderConfig) -> Result<Option<Self>, WeightsError> {
        let Positions::Disentangled { buckets, reach } = config.positions else { return Ok(None) };
        let width = config.hidden_size;
        let values = at.source().host_values(&at.name("relative.weight"), &[2 * buckets, width]).await?;
        let norm = LayerNorm::load(&at.at("relative_norm"), width, config.norm_eps).await?;
        // The scores are sums of three products.
        let scale = (3.0 * config.head_dim() as f32).sqrt().recip();
        let rows = position_rows(buckets, reach);
        let sizes = DisentangledSizes { heads: config.num_attention_heads, scale, rows, reach };
        Ok(Some(Self { values, width, norm, sizes, device: at.source().device().clone() }))
    }

    /// The embeddings of one pass.
    pub fn pass(&self) -> RelativePass {
        let shape = [self.values.len() / self.width, self.width];
        let embeddings = self.norm.forward(upload(self.values.clone(), shape, &self.device));
        RelativePass { embeddings, sizes: self.sizes.clone() }
    }
}

/// The row for each distance from `1 - reach` to `reach - 1`, of a query's place from a key's.
fn position_rows(buckets: usize, reach: usize) -> Vec<u32> {
    let (most, span) = (reach as i64 - 1, buckets as i64);
    (-most..=most).map(|distance| (bucket(distance, buckets, reach) + span).clamp(0, 2 * span - 1) as u32).collect()
}

/// Distances up to half the buckets are their own; the logarithms of larger ones share the other half. In f32, as the
/// reference rounds them.
fn bucket(distance: i64, buckets: usize, reach: usize) -> i64 {
    let middle = (buckets / 2) as i64;
    let size = distance.abs();
    if size <= middle {
        return distance;
    }
    let last = ((reach as f64 - 1.0) / middle as f64).ln() as f32;
    let part = (size as f32 / middle as f32).ln() / last * (middle - 1) as f32;
    distance.signum() * (middle + part.ceil() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_grow_with_the_distance() {
        let of = |distance| bucket(distance, 16, 80);
        assert_eq!([0, 3, -8, 8].map(of), [0, 3, -8, 8]);
        assert_eq!([9, 10, 79].map(of), [9, 9, 15]);
        assert_eq!(of(-79), -of(79));
        let rows = position_rows(16, 80);
        assert_eq!((rows.len(), rows[79], rows[80]), (159, 16, 17));
        assert!(rows.iter().all(|&row| row < 32));
    }
}

//! Merges squares of patches into tokens of the decoder's width.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::kernels::reshape;
use crate::model::config::VisionConfig;
use crate::model::layers::{Bias, LayerNorm, Linear, Mlp, MlpActivation, TensorScope};
use crate::weights::WeightsError;

/// Maps each square of patches to one token. The patches of a square are consecutive rows, so merging is a reshape.
#[derive(Module, Debug)]
pub struct PatchMerger {
    norm: LayerNorm,
    mlp: Mlp,
    /// Width of a whole square.
    width: usize,
    /// Whether the norm is over a square, as in the deepstack mergers, or over each patch, as in the last merger.
    norm_after_merge: bool,
}

impl PatchMerger {
    /// The merger at `at`.
    pub async fn load(
        at: &TensorScope<'_>,
        config: &VisionConfig,
        norm_after_merge: bool,
    ) -> Result<Self, WeightsError> {
        let width = config.merged_width();
        let norm_width = if norm_after_merge { width } else { config.hidden_size };
        Ok(Self {
            norm: LayerNorm::load(&at.at("norm"), norm_width, VisionConfig::NORM_EPS).await?,
            mlp: Mlp {
                up: Linear::load(&at.at("linear_fc1"), [width, width], Bias::Present).await?,
                down: Linear::load(&at.at("linear_fc2"), [config.out_hidden_size, width], Bias::Present).await?,
                activation: MlpActivation::Gelu,
            },
            width,
            norm_after_merge,
        })
    }

    /// The tokens of patches.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let [rows, width] = x.dims();
        let shape = [rows * width / self.width, self.width];
        self.mlp.forward(match self.norm_after_merge {
            true => self.norm.forward(reshape(x, shape)),
            false => reshape(self.norm.forward(x), shape),
        })
    }
}

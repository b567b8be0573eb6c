//! One block of the tower. Patches attend to all patches of their own frame.

use burn::module::Module;
use burn::tensor::{Int, Tensor};

use crate::kernels::add;
use crate::model::config::VisionConfig;
use crate::model::layers::{Bias, LayerNorm, Linear, ListedLayer, Mlp, SelfAttention, TensorFuture, TensorScope};
use crate::weights::WeightsError;

/// Attention and an MLP, each after a norm and added to the residual stream.
#[derive(Module, Debug)]
pub struct VisionBlock {
    norm1: LayerNorm,
    attention: SelfAttention,
    norm2: LayerNorm,
    mlp: Mlp,
}

impl ListedLayer for VisionBlock {
    type Config = VisionConfig;

    fn load<'a>(at: &'a TensorScope<'_>, config: &'a VisionConfig) -> TensorFuture<'a, Self> {
        Box::pin(Self::new(at, config))
    }
}

impl VisionBlock {
    async fn new(at: &TensorScope<'_>, config: &VisionConfig) -> Result<Self, WeightsError> {
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        let norm1 = LayerNorm::load(&at.at("norm1"), width, VisionConfig::NORM_EPS).await?;
        let qkv = Linear::load_fused(&at.at("attn.qkv"), &[width; 3], width, Bias::Present).await?;
        let Ok([query, key, value]) = <[Linear; 3]>::try_from(qkv) else { unreachable!("a map for each") };
        Ok(Self {
            norm1,
            attention: SelfAttention {
                query,
                key,
                value,
                output: Linear::load(&at.at("attn.proj"), [width, width], Bias::Present).await?,
                query_norm: None,
                key_norm: None,
                query_heads: config.num_heads,
                key_heads: config.num_heads,
                linear_bias: false,
            },
            norm2: LayerNorm::load(&at.at("norm2"), width, VisionConfig::NORM_EPS).await?,
            mlp: Mlp {
                up: Linear::load(&at.at("mlp.linear_fc1"), [inner, width], Bias::Present).await?,
                down: Linear::load(&at.at("mlp.linear_fc2"), [width, inner], Bias::Present).await?,
                activation: config.style.activation,
            },
        })
    }

    /// `ranges` gives the patches of each patch's frame.
    pub fn forward(&self, x: Tensor<2>, angles: &Tensor<2>, ranges: &Tensor<2, Int>) -> Tensor<2> {
        let normed = self.norm1.forward(x.clone());
        let keys = self.attention.keys_and_values(&normed, Some(angles));
        let x = add(x, self.attention.attend(normed, Some(angles), keys, None, ranges));
        add(x.clone(), self.mlp.forward(self.norm2.forward(x)))
    }
}

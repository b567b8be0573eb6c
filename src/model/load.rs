//! From named tensors to modules on a device.

use burn::module::Param;
use burn::tensor::{Device, Tensor};

use super::attention::Attention;
use super::config::TextConfig;
use super::decoder::{Decoder, Layer, Mlp};
use super::linear::{Affine, Linear, Precision};
use super::norm::{LayerNorm, Norm};
use super::pace::Pace;
use crate::kernels::upload_vector;
use crate::weights::Checkpoint;
use crate::weights::WeightsError;

/// Makes the parts that modules are made of.
#[derive(Clone, Copy)]
pub struct Loader<'a> {
    pub checkpoint: &'a Checkpoint,
    pub precision: Precision,
    pub device: &'a Device,
    pub pace: &'a Pace<'a>,
}

impl Loader<'_> {
    pub async fn linear(&self, name: &str, shape: [usize; 2]) -> Result<Linear, WeightsError> {
        let raw = self.checkpoint.raw(&format!("{name}.weight"), &shape).await?;
        let linear = Linear::new(&raw, shape, self.precision, self.device);
        self.pace.after(raw.bytes.len()).await?;
        Ok(linear)
    }

    pub async fn affine(&self, name: &str, shape: [usize; 2]) -> Result<Affine, WeightsError> {
        let linear = self.linear(name, shape).await?;
        let bias = self.vector(&format!("{name}.bias"), shape[0]).await?;
        Ok(Affine { linear, bias: Param::from_tensor(bias) })
    }

    pub async fn norm(&self, name: &str, width: usize, eps: f64) -> Result<Norm, WeightsError> {
        Ok(Norm::new(self.vector(&format!("{name}.weight"), width).await?, eps))
    }

    pub async fn layer_norm(&self, name: &str, width: usize, eps: f64) -> Result<LayerNorm, WeightsError> {
        let weight = self.vector(&format!("{name}.weight"), width).await?;
        Ok(LayerNorm::new(weight, self.vector(&format!("{name}.bias"), width).await?, eps))
    }

    async fn vector(&self, name: &str, width: usize) -> Result<Tensor<1>, WeightsError> {
        let values = self.checkpoint.f32(name, &[width]).await?;
        Ok(upload_vector(values, self.device))
    }

    /// The decoder; `step` is told of each layer.
    pub async fn decoder(&self, config: &TextConfig, step: &mut dyn FnMut()) -> Result<Decoder, WeightsError> {
        let mut layers = Vec::with_capacity(config.num_hidden_layers);
        for i in 0..config.num_hidden_layers {
            layers.push(self.layer(config, i).await?);
            step();
        }
        let norm = self.norm("norm", config.hidden_size, config.rms_norm_eps).await?;
        Ok(Decoder { layers, norm })
    }

    async fn layer(&self, c: &TextConfig, index: usize) -> Result<Layer, WeightsError> {
        let name = |leaf: &str| format!("layers.{index}.{leaf}");
        let (d, hd, inner, eps) = (c.hidden_size, c.head_dim, c.intermediate_size, c.rms_norm_eps);
        let (q, kv) = (c.num_attention_heads * hd, c.num_key_value_heads * hd);
        Ok(Layer {
            input_norm: self.norm(&name("input_layernorm"), d, eps).await?,
            attention: Attention {
                q: self.linear(&name("self_attn.q_proj"), [q, d]).await?,
                k: self.linear(&name("self_attn.k_proj"), [kv, d]).await?,
                v: self.linear(&name("self_attn.v_proj"), [kv, d]).await?,
                o: self.linear(&name("self_attn.o_proj"), [d, q]).await?,
                q_norm: self.norm(&name("self_attn.q_norm"), hd, eps).await?,
                k_norm: self.norm(&name("self_attn.k_norm"), hd, eps).await?,
                heads: c.num_attention_heads,
                kv_heads: c.num_key_value_heads,
            },
            post_attention_norm: self.norm(&name("post_attention_layernorm"), d, eps).await?,
            mlp: Mlp {
                gate: self.linear(&name("mlp.gate_proj"), [inner, d]).await?,
                up: self.linear(&name("mlp.up_proj"), [inner, d]).await?,
                down: self.linear(&name("mlp.down_proj"), [d, inner]).await?,
            },
        })
    }
}

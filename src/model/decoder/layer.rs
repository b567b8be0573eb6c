//! One layer of the decoder.

use burn::module::Module;
use burn::tensor::Tensor;

use super::rows::PackedRows;
use crate::kernels::{Keys, add};
use crate::model::config::TextConfig;
use crate::model::family::AttentionStyle;
use crate::model::layers::{
    Bias, GateActivation, GatedMlp, Linear, ListedLayer, RmsNorm, SelfAttention, TensorFuture, TensorScope,
};
use crate::weights::WeightsError;

/// Attention and a gated MLP, each after a norm and added to the residual stream.
#[derive(Module, Debug)]
pub struct DecoderLayer {
    input_norm: RmsNorm,
    attention: SelfAttention,
    post_attention_norm: RmsNorm,
    mlp: GatedMlp,
}

impl ListedLayer for DecoderLayer {
    type Config = TextConfig;

    fn load<'a>(at: &'a TensorScope<'_>, config: &'a TextConfig) -> TensorFuture<'a, Self> {
        Box::pin(Self::new(at, config))
    }
}

impl DecoderLayer {
    async fn new(at: &TensorScope<'_>, config: &TextConfig) -> Result<Self, WeightsError> {
        let (hidden, inner, eps) = (config.hidden_size, config.intermediate_size, config.rms_norm_eps);
        Ok(Self {
            input_norm: RmsNorm::load(&at.at("input_layernorm"), hidden, eps).await?,
            attention: load_attention(&at.at("self_attn"), config).await?,
            post_attention_norm: RmsNorm::load(&at.at("post_attention_layernorm"), hidden, eps).await?,
            mlp: GatedMlp {
                gate: Linear::load(&at.at("mlp.gate_proj"), [inner, hidden], Bias::Absent).await?,
                up: Linear::load(&at.at("mlp.up_proj"), [inner, hidden], Bias::Absent).await?,
                down: Linear::load(&at.at("mlp.down_proj"), [hidden, inner], Bias::Absent).await?,
                activation: GateActivation::Silu,
            },
        })
    }

    /// The first norm of the residual stream, which attention reads.
    pub fn normed_input(&self, rows: &PackedRows) -> Tensor<2> {
        self.input_norm.forward(rows.x.clone())
    }

    /// The keys and values of normed rows.
    pub fn keys_and_values(&self, normed: &Tensor<2>, rows: &PackedRows) -> Keys {
        self.attention.keys_and_values(normed, Some(&rows.angles))
    }

    /// Updates the residual stream. `keys` may be of more rows than are updated.
    pub fn forward(&self, rows: &mut PackedRows, normed: Tensor<2>, keys: Keys, prefix: Option<&Keys>) {
        let attended = self.attention.attend(normed, Some(&rows.angles), keys, prefix, &rows.ranges);
        let x = add(rows.x.clone(), attended);
        rows.x = add(x.clone(), self.mlp.forward(self.post_attention_norm.forward(x)));
    }
}

async fn load_attention(at: &TensorScope<'_>, config: &TextConfig) -> Result<SelfAttention, WeightsError> {
    let (hidden, head_dim, eps) = (config.hidden_size, config.head_dim, config.rms_norm_eps);
    let (query, key) = (config.num_attention_heads * head_dim, config.num_key_value_heads * head_dim);
    let (bias, query_norm, key_norm) = match config.attention {
        AttentionStyle::HeadNorms => (
            Bias::Absent,
            Some(RmsNorm::load(&at.at("q_norm"), head_dim, eps).await?),
            Some(RmsNorm::load(&at.at("k_norm"), head_dim, eps).await?),
        ),
        AttentionStyle::Biases => (Bias::Present, None, None),
    };
    Ok(SelfAttention {
        query: Linear::load(&at.at("q_proj"), [query, hidden], bias).await?,
        key: Linear::load(&at.at("k_proj"), [key, hidden], bias).await?,
        value: Linear::load(&at.at("v_proj"), [key, hidden], bias).await?,
        output: Linear::load(&at.at("o_proj"), [hidden, query], Bias::Absent).await?,
        query_norm,
        key_norm,
        query_heads: config.num_attention_heads,
        key_heads: config.num_key_value_heads,
        linear_bias: false,
    })
}

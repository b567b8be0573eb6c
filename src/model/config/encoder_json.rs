//! Encoders' part of a `config.json`. The families name the same things differently; the names are all read here, and
//! the family's specification says which of them mean what.

use serde::Deserialize;
use serde_json::Value;

use super::bounds::{MAX_LAYERS, MAX_VOCABULARY};
use super::encoder::{EncoderBiases, EncoderConfig, LayerAttention, Pooling, Positions, Rotary};
use super::json::{invalid, parse};
use crate::model::error::ConfigError;
use crate::model::family::{BiasRule, EncoderSpec, PositionRule};
use crate::model::layers::{Bias, MlpActivation};

/// The token of padding, where a configuration does not name it. Learned positions of RoBERTa start behind it.
const DEFAULT_PAD_ID: usize = 1;

/// Base of ModernBERT's global and local rotary frequencies, and of others', where a configuration gives none.
const DEFAULT_GLOBAL_THETA: f64 = 160_000.0;
const DEFAULT_LOCAL_THETA: f64 = 10_000.0;

#[derive(Deserialize)]
struct EncoderJson {
    #[serde(alias = "dim")]
    hidden_size: usize,
    #[serde(alias = "n_layers")]
    num_hidden_layers: usize,
    #[serde(alias = "n_heads")]
    num_attention_heads: usize,
    #[serde(alias = "hidden_dim")]
    intermediate_size: usize,
    vocab_size: usize,
    embedding_size: Option<usize>,
    #[serde(alias = "activation", alias = "hidden_activation")]
    hidden_act: Option<String>,
    #[serde(alias = "norm_eps")]
    layer_norm_eps: Option<f64>,
    max_position_embeddings: Option<usize>,
    type_vocab_size: Option<usize>,
    pad_token_id: Option<usize>,
    position_embedding_type: Option<String>,
    rope_theta: Option<f64>,
    rope_scaling: Option<RopeScaling>,
    rope_parameters: Option<Value>,
    global_rope_theta: Option<f64>,
    local_rope_theta: Option<f64>,
    global_attn_every_n_layers: Option<usize>,
    layer_types: Option<Vec<String>>,
    local_attention: Option<usize>,
    #[serde(default)]
    norm_bias: bool,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
    classifier_pooling: Option<String>,
    classifier_activation: Option<String>,
    #[serde(default)]
    logn_attention_scale: bool,
    relative_attention: Option<bool>,
    position_buckets: Option<i64>,
    max_relative_positions: Option<i64>,
    pos_att_type: Option<Value>,
    share_att_key: Option<bool>,
    norm_rel_ebd: Option<String>,
    position_biased_input: Option<bool>,
    conv_kernel_size: Option<i64>,
    pooler_hidden_act: Option<String>,
}

#[derive(Deserialize)]
struct RopeScaling {
    #[serde(alias = "type")]
    rope_type: Option<String>,
    factor: Option<f64>,
}

/// Reads and checks an encoder's `config.json`.
pub fn encoder(value: &Value, spec: &EncoderSpec) -> Result<EncoderConfig, ConfigError> {
    let json: EncoderJson = parse(value)?;
    json.check_variant(spec)?;
    let positions = json.positions(spec)?;
    let max_tokens = match positions {
        Positions::Learned { rows, first } => rows.saturating_sub(first),
        Positions::Disentangled { reach, .. } => reach,
        Positions::Rotary | Positions::LinearBias => json.max_position_embeddings.unwrap_or(8192),
    };
    let config = EncoderConfig {
        hidden_size: json.hidden_size,
        embedding_size: json.embedding_size.unwrap_or(json.hidden_size),
        num_attention_heads: json.num_attention_heads,
        intermediate_size: json.intermediate_size,
        vocab_size: json.vocab_size,
        token_types: if spec.token_types { json.type_vocab_size.unwrap_or(0) } else { 0 },
        norm_eps: json.layer_norm_eps.unwrap_or(spec.default_norm_eps),
        activation: activation(json.hidden_act.as_deref().unwrap_or("gelu"))?,
        layers: json.layers(spec)?,
        positions,
        biases: json.biases(spec),
        pooling: json.pooling()?,
        max_tokens,
    };
    config.check()?;
    Ok(config)
}

fn activation(name: &str) -> Result<MlpActivation, ConfigError> {
    match name {
        "gelu" | "gelu_python" => Ok(MlpActivation::Gelu),
        "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" => Ok(MlpActivation::GeluTanh),
        other => Err(unsupported(format!("its MLP's activation is {other}; gelu and its tanh forms are supported"))),
    }
}

impl EncoderJson {
    /// Refuses options that would change the computation.
    fn check_variant(&self, spec: &EncoderSpec) -> Result<(), ConfigError> {
        let kind = self.position_embedding_type.as_deref();
        let expected = match spec.positions {
            PositionRule::LearnedFromZero | PositionRule::LearnedAfterPadding => "absolute",
            PositionRule::Rotary => "rope",
            PositionRule::LinearBias => "alibi",
            PositionRule::Disentangled => return self.check_disentangled(),
            // ModernBERT's configurations carry a leftover that nothing reads.
            PositionRule::RotaryByLayer => return self.check_classifier(),
        };
        if let Some(kind) = kind.filter(|kind| *kind != expected) {
            return Err(unsupported(format!("its position_embedding_type is {kind}; this family's is {expected}")));
        }
        if self.logn_attention_scale {
            return Err(unsupported("it asks for logn_attention_scale, which no published reranker uses".to_owned()));
        }
        self.check_classifier()
    }

    /// The variant of DeBERTa that every published reranker of the family is.
    fn check_disentangled(&self) -> Result<(), ConfigError> {
        let types = match &self.pos_att_type {
            Some(Value::String(types)) => types.split('|').map(str::to_owned).collect(),
            Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let both = types.len() == 2 && ["c2p", "p2c"].iter().all(|kind| types.iter().any(|t| t == kind));
        let refuse = |option: &str| Err(unsupported(format!("it asks for another {option} than published rerankers")));
        match () {
            () if self.relative_attention != Some(true) => refuse("relative_attention"),
            () if !both => refuse("pos_att_type"),
            () if self.share_att_key != Some(true) => refuse("share_att_key"),
            () if self.position_biased_input != Some(false) => refuse("position_biased_input"),
            () if self.position_buckets.is_none_or(|n| n < 2) => refuse("position_buckets"),
            () if self.norm_rel_ebd.as_deref() != Some("layer_norm") => refuse("norm_rel_ebd"),
            () if self.conv_kernel_size.is_some_and(|n| n > 0) => refuse("conv_kernel_size"),
            () if self.embedding_size.is_some_and(|n| n != self.hidden_size) => refuse("embedding_size"),
            () if self.pooler_hidden_act.as_deref().is_some_and(|name| name != "gelu") => refuse("pooler_hidden_act"),
            () => Ok(()),
        }
    }

    fn check_classifier(&self) -> Result<(), ConfigError> {
        match self.classifier_activation.as_deref() {
            None | Some("gelu") => Ok(()),
            Some(other) => Err(unsupported(format!("its classifier_activation is {other}; gelu is supported"))),
        }
    }

    fn positions(&self, spec: &EncoderSpec) -> Result<Positions, ConfigError> {
        let rows =
            || self.max_position_embeddings.ok_or_else(|| invalid("it has no max_position_embeddings".to_owned()));
        Ok(match spec.positions {
            PositionRule::LearnedFromZero => Positions::Learned { rows: rows()?, first: 0 },
            PositionRule::LearnedAfterPadding => {
                let padding = self.pad_token_id.unwrap_or(DEFAULT_PAD_ID);
                if padding >= MAX_VOCABULARY {
                    return Err(invalid(format!("pad_token_id is {padding}, which is in no vocabulary")));
                }
                Positions::Learned { rows: rows()?, first: padding + 1 }
            }
            PositionRule::Rotary | PositionRule::RotaryByLayer => Positions::Rotary,
            PositionRule::LinearBias => Positions::LinearBias,
            PositionRule::Disentangled => {
                let own = self.max_relative_positions.and_then(|n| usize::try_from(n).ok()).filter(|&n| n > 0);
                let reach = own.map_or_else(rows, Ok)?;
                let buckets = self.position_buckets.and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
                Positions::Disentangled { buckets, reach }
            }
        })
    }

    fn layers(&self, spec: &EncoderSpec) -> Result<Vec<LayerAttention>, ConfigError> {
        // A hostile number of layers is refused by the check of sizes; here it must not allocate.
        let count = self.num_hidden_layers.min(MAX_LAYERS + 1);
        match spec.positions {
            PositionRule::LearnedFromZero
            | PositionRule::LearnedAfterPadding
            | PositionRule::LinearBias
            | PositionRule::Disentangled => Ok(vec![LayerAttention { window: None, rotary: None }; count]),
            PositionRule::Rotary => Ok(vec![LayerAttention { window: None, rotary: Some(self.rotary()?) }; count]),
            PositionRule::RotaryByLayer => (0..count).map(|layer| self.local_or_global(layer)).collect(),
        }
    }

    /// One set of frequencies. Static NTK scaling multiplies the base, and divides all frequencies by a power of the factor.
    fn rotary(&self) -> Result<Rotary, ConfigError> {
        let parameters = self.rope_parameters.as_ref();
        let theta = self.rope_theta.or_else(|| parameters?.get("rope_theta")?.as_f64()).unwrap_or(DEFAULT_LOCAL_THETA);
        let from_parameters = || {
            let parameters = parameters?;
            let rope_type = parameters.get("rope_type").and_then(Value::as_str).map(str::to_owned);
            Some((rope_type, parameters.get("factor").and_then(Value::as_f64)))
        };
        let scaling = self.rope_scaling.as_ref().map(|scaling| (scaling.rope_type.clone(), scaling.factor));
        let (kind, factor) = scaling.or_else(from_parameters).unwrap_or_default();
        match (kind.as_deref(), factor) {
            (None | Some("default"), _) => Ok(Rotary { theta, divisor: 1.0 }),
            (Some("ntk"), Some(factor)) => {
                let head = (self.hidden_size / self.num_attention_heads.max(1)) as f64;
                Ok(Rotary { theta: theta * factor, divisor: factor.powf(2.0 / head) })
            }
            // Transformers' own form of the same: the base is multiplied already.
            (Some("linear"), Some(factor)) => Ok(Rotary { theta, divisor: factor }),
            (Some(other), _) => Err(unsupported(format!("its rotary positions are scaled by \"{other}\""))),
        }
    }

    fn local_or_global(&self, layer: usize) -> Result<LayerAttention, ConfigError> {
        let is_global = match &self.layer_types {
            Some(types) => match types.get(layer).map(String::as_str) {
                Some("full_attention") => true,
                Some("sliding_attention") => false,
                other => return Err(invalid(format!("layer_types of layer {layer} is {other:?}"))),
            },
            None => layer.is_multiple_of(self.global_attn_every_n_layers.unwrap_or(3).max(1)),
        };
        let theta = |kind: &str| self.rope_parameters.as_ref()?.get(kind)?.get("rope_theta")?.as_f64();
        let (theta, window) = match is_global {
            true => (self.global_rope_theta.or_else(|| theta("full_attention")).unwrap_or(DEFAULT_GLOBAL_THETA), None),
            false => (
                self.local_rope_theta.or_else(|| theta("sliding_attention")).unwrap_or(DEFAULT_LOCAL_THETA),
                Some(self.local_attention.unwrap_or(128) / 2),
            ),
        };
        Ok(LayerAttention { window, rotary: Some(Rotary { theta, divisor: 1.0 }) })
    }

    fn biases(&self, spec: &EncoderSpec) -> EncoderBiases {
        let if_set = |set: bool| if set { Bias::Present } else { Bias::Absent };
        match spec.biases {
            BiasRule::Fixed(biases) => biases,
            BiasRule::Configured => EncoderBiases {
                norm: if_set(self.norm_bias),
                qkv: if_set(self.attention_bias),
                attention_output: if_set(self.attention_bias),
                mlp_input: if_set(self.mlp_bias),
                mlp_output: if_set(self.mlp_bias),
            },
        }
    }

    fn pooling(&self) -> Result<Pooling, ConfigError> {
        match self.classifier_pooling.as_deref() {
            None | Some("cls") => Ok(Pooling::FirstToken),
            Some("mean") => Ok(Pooling::Mean),
            Some(other) => Err(unsupported(format!("its classifier_pooling is {other}; cls and mean are supported"))),
        }
    }
}

fn unsupported(message: String) -> ConfigError {
    ConfigError::Unsupported(message)
}

#[cfg(test)]
mod tests {
    use crate::model::{ConfigFiles, ModelConfig, Task};

    /// The error of a fixture's configuration with one field changed.
    fn refusal(model: &str, field: &str, value: serde_json::Value) -> String {
        let path = format!("{}/tests/fixtures/encoder/{model}/config.json", env!("CARGO_MANIFEST_DIR"));
        let mut json: serde_json::Value = serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON");
        json[field] = value;
        let config = json.to_string().into_bytes();
        let files = ConfigFiles { config, task: Task::Embed, ..ConfigFiles::default() };
        let errors = [ModelConfig::from_json(&files.config), ModelConfig::from_files(&files)];
        errors.map(|result| result.expect_err("a refusal").to_string()).join(" ")
    }

    /// Found by the fuzzer: positions begin behind the token of padding, whose number was taken as it is.
    #[test]
    fn a_padding_token_outside_of_any_vocabulary_is_refused() {
        for value in [u64::from(u32::MAX), u64::MAX] {
            assert!(refusal("roberta", "pad_token_id", value.into()).contains("pad_token_id"), "{value}");
        }
    }
}

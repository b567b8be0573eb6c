//! `config.json`: the sizes of a model, checked before anything is allocated.

use serde::Deserialize;

use super::ModelError;

/// A `config.json` is a few kilobytes; more is not one.
pub const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// Bounds on every size in a configuration, well above the largest published model: a hostile file must not make us
/// multiply or allocate nonsense.
const MAX_DIMENSION: usize = 1 << 20;
const MAX_LAYERS: usize = 1 << 10;
const MAX_VOCABULARY: usize = 1 << 22;

/// Which of the published families a checkpoint belongs to, as its own configuration says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Qwen3-Reranker: text only.
    Qwen3Reranker,
}

impl Family {
    /// The name shown to people and in `info`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Qwen3Reranker => "qwen3-reranker",
        }
    }
}

/// The sizes of a text decoder.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// `qwen3`.
    pub model_type: String,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Decoder layers.
    pub num_hidden_layers: usize,
    /// Query heads.
    pub num_attention_heads: usize,
    /// Key and value heads, each shared by a group of query heads.
    pub num_key_value_heads: usize,
    /// Width of a head. Not `hidden_size / num_attention_heads` in these models.
    pub head_dim: usize,
    /// Width of the gated MLP.
    pub intermediate_size: usize,
    /// Rows of the embedding table.
    pub vocab_size: usize,
    /// Epsilon of every RMS norm.
    pub rms_norm_eps: f64,
    /// Base of the rotary frequencies.
    #[serde(default)]
    pub rope_theta: Option<f64>,
    /// Where Transformers 5 keeps `rope_theta`.
    #[serde(default)]
    rope_parameters: Option<RopeParameters>,
    /// Whether the head is the embedding table.
    #[serde(default)]
    pub tie_word_embeddings: bool,
    #[serde(default)]
    hidden_act: Option<String>,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    use_sliding_window: bool,
    #[serde(default)]
    rope_scaling: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Deserialize)]
struct RopeParameters {
    rope_theta: Option<f64>,
}

impl Config {
    /// Reads and checks a `config.json`.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ModelError> {
        let kind: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|e| ModelError::Config(format!("not valid JSON ({e})")))?;
        match kind.get("model_type").and_then(|v| v.as_str()) {
            Some("qwen3") => {}
            Some(other) => {
                return Err(ModelError::Unsupported(format!(
                    "config.json says model_type \"{other}\"; secondpass runs \"qwen3\" rerankers (Qwen3-Reranker 0.6B, 4B, 8B). Give the URL of one of these."
                )));
            }
            None => return Err(ModelError::Config("it has no model_type; is this the model's folder?".into())),
        }
        let config: Self = serde_json::from_value(kind).map_err(|e| ModelError::Config(e.to_string()))?;
        config.check()?;
        Ok(config)
    }

    /// Which family this is.
    pub fn family(&self) -> Family {
        Family::Qwen3Reranker
    }

    /// The rotary base, wherever the file keeps it.
    pub fn theta(&self) -> f64 {
        let nested = self.rope_parameters.as_ref().and_then(|p| p.rope_theta);
        self.rope_theta.or(nested).unwrap_or(1e6)
    }

    fn check(&self) -> Result<(), ModelError> {
        let sizes = [
            ("hidden_size", self.hidden_size, MAX_DIMENSION),
            ("num_hidden_layers", self.num_hidden_layers, MAX_LAYERS),
            ("num_attention_heads", self.num_attention_heads, MAX_DIMENSION),
            ("num_key_value_heads", self.num_key_value_heads, MAX_DIMENSION),
            ("head_dim", self.head_dim, MAX_DIMENSION),
            ("intermediate_size", self.intermediate_size, MAX_DIMENSION),
            ("vocab_size", self.vocab_size, MAX_VOCABULARY),
        ];
        for (name, value, limit) in sizes {
            if value == 0 || value > limit {
                return Err(ModelError::Config(format!("{name} is {value}; expected 1 to {limit}")));
            }
        }
        if !self.num_attention_heads.is_multiple_of(self.num_key_value_heads) {
            return Err(ModelError::Config("num_attention_heads is no multiple of num_key_value_heads".into()));
        }
        if !self.head_dim.is_multiple_of(2) {
            return Err(ModelError::Config("head_dim is odd, so it cannot be rotated".into()));
        }
        if !(self.rms_norm_eps > 0.0 && self.rms_norm_eps < 1.0 && self.theta() > 1.0) {
            return Err(ModelError::Config("rms_norm_eps or rope_theta is out of range".into()));
        }
        self.check_variant()
    }

    /// Options that a Qwen3 configuration may carry and that would change the mathematics.
    fn check_variant(&self) -> Result<(), ModelError> {
        let unsupported = |what: &str| {
            Err(ModelError::Unsupported(format!("config.json asks for {what}, which no Qwen3 reranker uses")))
        };
        match () {
            () if self.attention_bias => unsupported("attention_bias"),
            () if self.use_sliding_window => unsupported("use_sliding_window"),
            () if self.hidden_act.as_deref().is_some_and(|a| a != "silu") => {
                unsupported("another hidden_act than silu")
            }
            () if self.rope_scaling.as_ref().is_some_and(|v| !v.is_null()) => unsupported("rope_scaling"),
            () => Ok(()),
        }
    }
}

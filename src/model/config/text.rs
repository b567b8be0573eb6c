//! The sizes of a text decoder.

use serde::Deserialize;
use serde_json::Value;

use super::{MAX_DIMENSION, MAX_LAYERS, MAX_VOCABULARY, check_head, check_sizes};
use crate::model::ModelError;

/// How many of the rotary frequencies belong to height and width in every published vision model.
const DEFAULT_SECTIONS: [usize; 2] = [20, 20];

/// The sizes of a text decoder.
#[derive(Debug, Clone, Deserialize)]
pub struct TextConfig {
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
    #[serde(default)]
    pub(in crate::model) rope_theta: Option<f64>,
    /// Where Transformers 5 keeps everything about rotation.
    #[serde(default)]
    rope_parameters: Option<Rope>,
    #[serde(default)]
    rope_scaling: Option<Rope>,
    #[serde(default)]
    hidden_act: Option<String>,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    use_sliding_window: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Rope {
    rope_theta: Option<f64>,
    mrope_section: Option<Vec<usize>>,
    mrope_interleaved: Option<bool>,
    rope_type: Option<String>,
    /// What older files call it; Transformers itself writes both.
    #[serde(rename = "type")]
    old_type: Option<String>,
    /// Whatever else a file asks for, which would change the mathematics.
    factor: Option<Value>,
}

impl TextConfig {
    /// From the sizes in the order of the fields, the norms' epsilon, the rotary base and the rotary sections.
    pub(super) fn new(sizes: [usize; 7], rms_norm_eps: f64, theta: Option<f64>, sections: Option<Vec<usize>>) -> Self {
        let [hidden_size, num_hidden_layers, heads, kv_heads, head_dim, intermediate_size, vocab_size] = sizes;
        Self {
            hidden_size,
            num_hidden_layers,
            num_attention_heads: heads,
            num_key_value_heads: kv_heads,
            head_dim,
            intermediate_size,
            vocab_size,
            rms_norm_eps,
            rope_theta: theta,
            rope_parameters: None,
            rope_scaling: Some(Rope { mrope_section: sections, ..Rope::default() }),
            hidden_act: None,
            attention_bias: false,
            use_sliding_window: false,
        }
    }

    /// The rotary base, wherever the file keeps it; every configuration that was checked has one.
    pub fn theta(&self) -> f64 {
        self.said_theta().unwrap_or(f64::NAN)
    }

    /// The rotary base of a file that names none.
    pub(super) fn assume_theta(&mut self, theta: f64) {
        self.rope_theta = self.said_theta().or(Some(theta));
    }

    fn said_theta(&self) -> Option<f64> {
        self.rope_theta.or(self.ropes().find_map(|r| r.rope_theta))
    }

    /// How many rotary frequencies follow time, height and width, in a model that sees. As in the reference, height
    /// and width get what the file says as far as there are frequencies, and time the rest, whatever it says of that.
    pub fn mrope_sections(&self) -> [usize; 3] {
        let half = self.head_dim / 2;
        let [height, width] = match self.said_sections() {
            Some(&[_, height, width, ..]) => [height, width],
            _ => DEFAULT_SECTIONS,
        };
        // The places 1, 4, 7 and so on can be height's, and 2, 5, 8 width's.
        let [height, width] = [height.min((half + 1) / 3), width.min(half / 3)];
        [half - height - width, height, width]
    }

    fn said_sections(&self) -> Option<&[usize]> {
        self.ropes().find_map(|r| r.mrope_section.as_deref())
    }

    fn ropes(&self) -> impl Iterator<Item = &Rope> {
        [&self.rope_parameters, &self.rope_scaling].into_iter().flatten()
    }

    pub(super) fn check(&self, sees: bool) -> Result<(), ModelError> {
        check_sizes(&[
            ("hidden_size", self.hidden_size, MAX_DIMENSION),
            ("num_hidden_layers", self.num_hidden_layers, MAX_LAYERS),
            ("num_attention_heads", self.num_attention_heads, MAX_DIMENSION),
            ("num_key_value_heads", self.num_key_value_heads, MAX_DIMENSION),
            ("head_dim", self.head_dim, MAX_DIMENSION),
            ("intermediate_size", self.intermediate_size, MAX_DIMENSION),
            ("vocab_size", self.vocab_size, MAX_VOCABULARY),
        ])?;
        if !self.num_attention_heads.is_multiple_of(self.num_key_value_heads) {
            return Err(ModelError::Config("num_attention_heads is no multiple of num_key_value_heads".into()));
        }
        check_head(self.head_dim)?;
        if !(self.rms_norm_eps > 0.0 && self.rms_norm_eps < 1.0 && self.theta() > 1.0) {
            return Err(ModelError::Config("rms_norm_eps or rope_theta is out of range".into()));
        }
        self.check_variant(sees)
    }

    /// Options that a Qwen3 configuration may carry and that would change the mathematics.
    fn check_variant(&self, sees: bool) -> Result<(), ModelError> {
        let unsupported = |what: &str| {
            Err(ModelError::Unsupported(format!("config.json asks for {what}, which no Qwen3 reranker uses")))
        };
        let usual = |kind: &Option<String>| kind.as_deref().is_none_or(|t| t == "default" || t == "mrope");
        let plain = |r: &Rope| r.factor.is_none() && usual(&r.rope_type) && usual(&r.old_type);
        match () {
            () if self.attention_bias => unsupported("attention_bias"),
            () if self.use_sliding_window => unsupported("use_sliding_window"),
            () if self.hidden_act.as_deref().is_some_and(|a| a != "silu") => {
                unsupported("another hidden_act than silu")
            }
            () if !self.ropes().all(plain) => unsupported("scaled rotary positions"),
            () if !sees && self.ropes().any(|r| r.mrope_section.is_some()) => unsupported("mrope_section"),
            () if sees && self.ropes().any(|r| r.mrope_interleaved == Some(false)) => {
                unsupported("mrope that is not interleaved")
            }
            () if sees && self.said_sections().is_some_and(|s| s.len() < 3) => {
                Err(ModelError::Config("mrope_section must be three numbers: time, height and width".into()))
            }
            () => Ok(()),
        }
    }
}

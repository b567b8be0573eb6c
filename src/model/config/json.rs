//! Decoders' part of a `config.json`.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::text::{TextConfig, mrope_sections};
use crate::model::error::ConfigError;
use crate::model::family::Family;
use crate::model::layers::RotaryOrder;

/// A decoder's part of a `config.json`.
#[derive(Deserialize)]
struct TextJson {
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: usize,
    head_dim: Option<usize>,
    intermediate_size: usize,
    vocab_size: usize,
    rms_norm_eps: f64,
    rope_theta: Option<f64>,
    /// Where Transformers 5 keeps all rotary parameters.
    rope_parameters: Option<RopeJson>,
    rope_scaling: Option<RopeJson>,
    hidden_act: Option<String>,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    use_sliding_window: bool,
}

#[derive(Deserialize)]
struct RopeJson {
    rope_theta: Option<f64>,
    mrope_section: Option<Vec<usize>>,
    mrope_interleaved: Option<bool>,
    rope_type: Option<String>,
    /// The name of `rope_type` in older files. Transformers writes both.
    #[serde(rename = "type")]
    legacy_type: Option<String>,
    factor: Option<Value>,
}

/// Whether the head is the embedding table.
pub fn tied(value: &Value) -> Option<bool> {
    value.get("tie_word_embeddings").and_then(Value::as_bool)
}

/// A decoder's sizes.
pub fn text(value: &Value, family: Family) -> Result<TextConfig, ConfigError> {
    let json: TextJson = parse(value)?;
    let order = family.rotary_order();
    // Qwen3 always gives it, since it is not the quotient there.
    let head_dim = json.head_dim.unwrap_or(json.hidden_size / json.num_attention_heads.max(1));
    let config = TextConfig {
        attention: family.attention_style(),
        hidden_size: json.hidden_size,
        num_hidden_layers: json.num_hidden_layers,
        num_attention_heads: json.num_attention_heads,
        num_key_value_heads: json.num_key_value_heads,
        head_dim,
        intermediate_size: json.intermediate_size,
        vocab_size: json.vocab_size,
        rms_norm_eps: json.rms_norm_eps,
        rope_theta: json.rope_theta().unwrap_or(family.default_rope_theta()),
        mrope_sections: json.mrope_sections(head_dim, order)?,
        rotary_order: order,
    };
    config.check()?;
    json.check_variant(family.has_vision(), order)?;
    Ok(config)
}

impl TextJson {
    fn ropes(&self) -> impl Iterator<Item = &RopeJson> {
        [&self.rope_parameters, &self.rope_scaling].into_iter().flatten()
    }

    fn rope_theta(&self) -> Option<f64> {
        self.rope_theta.or_else(|| self.ropes().find_map(|rope| rope.rope_theta))
    }

    fn mrope_section(&self) -> Option<&[usize]> {
        self.ropes().find_map(|rope| rope.mrope_section.as_deref())
    }

    fn mrope_sections(&self, head_dim: usize, order: RotaryOrder) -> Result<[usize; 3], ConfigError> {
        match (order, self.mrope_section()) {
            (RotaryOrder::Interleaved, requested) => Ok(mrope_sections(head_dim, requested)),
            (RotaryOrder::Chunked, Some(&[time, height, width]))
                if [time, height, width].into_iter().try_fold(0, usize::checked_add) == Some(head_dim / 2) =>
            {
                Ok([time, height, width])
            }
            (RotaryOrder::Chunked, _) => {
                Err(invalid("mrope_section must be three numbers that add up to half of a head's width".to_owned()))
            }
        }
    }

    /// Refuses options that would change the computation.
    fn check_variant(&self, has_vision: bool, order: RotaryOrder) -> Result<(), ConfigError> {
        let unsupported = |option: &str| {
            Err(ConfigError::Unsupported(format!("it asks for {option}, which no reranker of this family uses")))
        };
        let is_plain = |kind: &Option<String>| kind.as_deref().is_none_or(|t| t == "default" || t == "mrope");
        let unscaled =
            |rope: &RopeJson| rope.factor.is_none() && is_plain(&rope.rope_type) && is_plain(&rope.legacy_type);
        match () {
            () if self.attention_bias => unsupported("attention_bias"),
            () if self.use_sliding_window => unsupported("use_sliding_window"),
            () if self.hidden_act.as_deref().is_some_and(|act| act != "silu") => {
                unsupported("another hidden_act than silu")
            }
            () if !self.ropes().all(unscaled) => unsupported("scaled rotary positions"),
            () if !has_vision && self.mrope_section().is_some() => unsupported("mrope_section"),
            () if has_vision
                && self.ropes().any(|rope| rope.mrope_interleaved == Some(order == RotaryOrder::Chunked)) =>
            {
                unsupported("another mrope_interleaved")
            }
            () if has_vision && self.mrope_section().is_some_and(|sections| sections.len() < 3) => {
                Err(invalid("mrope_section must be three numbers: time, height and width".to_owned()))
            }
            () => Ok(()),
        }
    }
}

pub fn parse<T: DeserializeOwned>(value: &Value) -> Result<T, ConfigError> {
    T::deserialize(value).map_err(|e| invalid(e.to_string()))
}

pub fn invalid(message: String) -> ConfigError {
    ConfigError::Invalid(message)
}

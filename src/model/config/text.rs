//! The sizes of a decoder.

use super::bounds::{MAX_DIMENSION, MAX_LAYERS, MAX_VOCABULARY, check_head_width, check_sizes};
use crate::model::error::ConfigError;
use crate::model::family::AttentionStyle;
use crate::model::layers::RotaryOrder;

/// The sizes of a decoder.
#[derive(Debug, Clone, PartialEq)]
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
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// What attention has around queries and keys.
    pub attention: AttentionStyle,
    /// How many rotary frequencies follow time, height and width. See `mrope_sections`.
    pub mrope_sections: [usize; 3],
    /// In which order they do.
    pub rotary_order: RotaryOrder,
}

impl TextConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
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
            let message = "num_attention_heads is not a multiple of num_key_value_heads";
            return Err(ConfigError::Invalid(message.to_owned()));
        }
        check_head_width(self.head_dim)?;
        if !(self.rms_norm_eps > 0.0 && self.rms_norm_eps < 1.0 && self.rope_theta > 1.0) {
            return Err(ConfigError::Invalid("rms_norm_eps or rope_theta is out of range".to_owned()));
        }
        Ok(())
    }
}

/// The rotary sections of heads of `head_dim`. `requested` are those of a configuration: time, height and width. As in
/// Qwen3-VL's reference implementation, height and width get what is requested as far as there are frequencies for them, and
/// time gets the rest, whatever is requested for it.
pub fn mrope_sections(head_dim: usize, requested: Option<&[usize]>) -> [usize; 3] {
    /// Height and width in every published vision model.
    const DEFAULT: [usize; 2] = [20, 20];
    let half = head_dim / 2;
    let [height, width] = match requested {
        Some(&[_, height, width, ..]) => [height, width],
        _ => DEFAULT,
    };
    // Height can have the frequencies 1, 4, 7, …, and width 2, 5, 8, ….
    let [height, width] = [height.min((half + 1) / 3), width.min(half / 3)];
    [half - height - width, height, width]
}

//! The sizes of an encoder, and what its configuration chooses.

use super::bounds::{MAX_DIMENSION, MAX_LAYERS, MAX_VOCABULARY, check_head_width, check_sizes};
use crate::model::error::ConfigError;
use crate::model::layers::{Bias, MlpActivation};

/// Distances of relative positions, of which a table is made; published models have 512.
const MAX_REACH: usize = 1 << 16;

/// The sizes of an encoder, and what its configuration chooses.
#[derive(Debug, Clone, PartialEq)]
pub struct EncoderConfig {
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width of the embedding tables. Where it is not `hidden_size`, a linear map follows them.
    pub embedding_size: usize,
    /// Attention heads; each is `hidden_size / num_attention_heads` wide.
    pub num_attention_heads: usize,
    /// Width of the MLP.
    pub intermediate_size: usize,
    /// Rows of the embedding table.
    pub vocab_size: usize,
    /// Rows of the table of token types, or none.
    pub token_types: usize,
    /// Epsilon of every layer norm.
    pub norm_eps: f64,
    /// The activation of the MLP.
    pub activation: MlpActivation,
    /// How tokens know their places.
    pub positions: Positions,
    /// The attention of each layer.
    pub layers: Vec<LayerAttention>,
    /// Which linear maps and norms have biases.
    pub biases: EncoderBiases,
    /// Which hidden states the head reads.
    pub pooling: Pooling,
    /// Tokens of a pair at most.
    pub max_tokens: usize,
}

/// How an encoder's tokens know their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Positions {
    /// A table of learned embeddings.
    Learned {
        /// Its rows.
        rows: usize,
        /// The row of the first token.
        first: usize,
    },
    /// Rotation of queries and keys, with frequencies that each layer chooses.
    Rotary,
    /// Scores that are lowered by distance (ALiBi).
    LinearBias,
    /// Scores that also depend on relative positions (DeBERTa): as many on either side of zero, those far away in buckets
    /// that grow with the distance.
    Disentangled {
        /// Positions on either side.
        buckets: usize,
        /// Distances are less than this.
        reach: usize,
    },
}

/// The attention of one layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerAttention {
    /// Tokens farther away than this are not seen.
    pub window: Option<usize>,
    /// The rotary frequencies, if there are any.
    pub rotary: Option<Rotary>,
}

/// Rotary frequencies: `divisor⁻¹ · theta^(-2k / head)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rotary {
    /// Their base.
    pub theta: f64,
    /// Divides all of them.
    pub divisor: f64,
}

/// Which linear maps and norms of an encoder have biases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncoderBiases {
    /// The norms.
    pub norm: Bias,
    /// Queries, keys and values.
    pub qkv: Bias,
    /// The output of attention.
    pub attention_output: Bias,
    /// The first maps of the MLP.
    pub mlp_input: Bias,
    /// Its last.
    pub mlp_output: Bias,
}

/// Which hidden states a head reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// The first token's.
    FirstToken,
    /// The mean of all tokens'.
    Mean,
    /// The last token's.
    LastToken,
}

impl Pooling {
    /// The name in `info`.
    pub fn name(self) -> &'static str {
        match self {
            Self::FirstToken => "cls",
            Self::Mean => "mean",
            Self::LastToken => "last",
        }
    }
}

impl EncoderConfig {
    /// Width of a head.
    pub fn head_dim(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        check_sizes(&[
            ("hidden_size", self.hidden_size, MAX_DIMENSION),
            ("embedding_size", self.embedding_size, MAX_DIMENSION),
            ("num_hidden_layers", self.layers.len(), MAX_LAYERS),
            ("num_attention_heads", self.num_attention_heads, MAX_DIMENSION),
            ("intermediate_size", self.intermediate_size, MAX_DIMENSION),
            ("vocab_size", self.vocab_size, MAX_VOCABULARY),
            ("type_vocab_size", self.token_types.max(1), MAX_DIMENSION),
            ("max_position_embeddings", self.max_tokens, MAX_DIMENSION),
        ])?;
        let invalid = |what: &str| Err(ConfigError::Invalid(what.to_owned()));
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return invalid("hidden_size is not a multiple of num_attention_heads");
        }
        check_head_width(self.head_dim())?;
        if !(self.norm_eps > 0.0 && self.norm_eps < 1.0) {
            return invalid("the epsilon of its norms is out of range");
        }
        if let Positions::Disentangled { buckets, reach } = self.positions {
            check_sizes(&[("position_buckets", buckets, MAX_DIMENSION), ("max_relative_positions", reach, MAX_REACH)])?;
        }
        let rotary = self.layers.iter().filter_map(|layer| layer.rotary);
        if rotary
            .into_iter()
            .any(|r| !(r.theta > 1.0 && r.theta.is_finite() && r.divisor > 0.0 && r.divisor.is_finite()))
        {
            return invalid("rope_theta or its scaling is out of range");
        }
        Ok(())
    }
}

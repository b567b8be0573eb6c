//! What a family is described by.

use crate::media::{PixelScale, SizeLimits};
use crate::model::config::{EncoderBiases, ScoreActivation};
use crate::model::layers::{Bias, MlpActivation, RotaryOrder};
use crate::model::tensor_map::TensorMap;
use crate::prompt::PromptTemplate;

/// What distinguishes a family from the others.
#[derive(Debug)]
pub struct FamilySpec {
    /// The name in `info` and on the command line.
    pub name: &'static str,
    /// Its published models, for messages.
    pub models: &'static str,
    /// `model_type` in `config.json`. Empty if another family's configuration leads to it.
    pub model_types: &'static [&'static str],
    /// The class that `config.json` names, where models of other heads and prompts have the same `model_type`.
    pub class: Option<&'static str>,
    /// `general.architecture` in GGUF metadata, if files of other programs are read. Those of `secondpass convert` hold
    /// their own `config.json`, which tells.
    pub gguf_architecture: Option<&'static str>,
    /// What turns tokens into hidden states.
    pub trunk: TrunkKind,
    /// The heads that a checkpoint may have; the first that is there is used.
    pub heads: &'static [HeadKind],
    /// How its prompts are made.
    pub prompt: PromptKind,
    /// What turns a logit into the published score where the files say nothing.
    pub activation: ScoreActivation,
    /// How its embedding models are prompted, if it has any.
    pub embedding: Option<EmbeddingPrompt>,
    /// How its checkpoints name the tensors of the trunk.
    pub tensors: TensorMap,
}

/// The kind of a trunk, which also decides how its configuration is laid out.
#[derive(Debug, Clone, Copy)]
pub enum TrunkKind {
    /// A causal decoder.
    Decoder {
        /// The rotary base of a configuration that does not give one.
        default_rope_theta: f64,
        /// What its attention has around queries and keys.
        attention: AttentionStyle,
    },
    /// A causal decoder that also reads the features of a vision tower.
    VisionDecoder {
        /// The rotary base of a configuration that does not give one.
        default_rope_theta: f64,
        /// What its attention has around queries and keys.
        attention: AttentionStyle,
        /// In which order rotary frequencies follow time, height and width.
        order: RotaryOrder,
        /// Reads images and videos.
        tower: &'static TowerSpec,
    },
    /// An encoder.
    Encoder(&'static EncoderSpec),
}

/// What distinguishes a family's vision tower.
#[derive(Debug, PartialEq, Eq)]
pub struct TowerSpec {
    /// Whether patches have learned positions beside the rotary ones.
    pub learned_positions: bool,
    /// Whether the linear map of patches has a bias.
    pub patch_bias: Bias,
    /// The activation of the blocks.
    pub activation: MlpActivation,
    /// Its name in `config.json`.
    pub activation_name: &'static str,
    /// What patches hold for each byte of a picture.
    pub scale: PixelScale,
    /// The sizes that pictures are scaled to.
    pub limits: SizeLimits,
    /// Whether `preprocessor_config.json` may give narrower ones.
    pub limits_in_file: bool,
    /// Whether it was trained with videos.
    pub video: bool,
}

/// What a decoder's attention has around queries and keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttentionStyle {
    /// A norm of each head of queries and of keys.
    HeadNorms,
    /// Biases of queries, keys and values.
    Biases,
}

/// What distinguishes a family's encoder.
#[derive(Debug)]
pub struct EncoderSpec {
    /// Where its norms are.
    pub norm_order: NormOrder,
    /// How tokens know their places.
    pub positions: PositionRule,
    /// Whether tokens have types, of which the configuration says how many.
    pub token_types: bool,
    /// Whether queries, keys and values are one tensor.
    pub fused_qkv: bool,
    /// The layout of the MLP.
    pub mlp: MlpLayout,
    /// Which of its parts have biases.
    pub biases: BiasRule,
    /// Epsilon of the norms of a configuration that gives none.
    pub default_norm_eps: f64,
}

/// Where an encoder's norms are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormOrder {
    /// Behind each residual sum.
    After,
    /// Before attention, but for the first layer's, and before the MLP; another one is behind the last layer.
    Before,
}

/// How an encoder's tokens know their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PositionRule {
    /// Learned positions, the first token's at 0.
    LearnedFromZero,
    /// Learned positions, the first token's behind that of padding.
    LearnedAfterPadding,
    /// Rotary positions, the same in each layer.
    Rotary,
    /// Rotary positions with two bases: one for layers that see everything, one for layers that see a window.
    RotaryByLayer,
    /// Linear biases in attention (ALiBi).
    LinearBias,
    /// Relative positions in the scores of attention (DeBERTa).
    Disentangled,
}

/// The layout of an MLP's first linear maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MlpLayout {
    /// One map.
    Plain,
    /// A gate and a map in one tensor, the gate first.
    GateUp,
    /// The same, the gate last.
    UpGate,
}

/// Which parts of an encoder have biases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BiasRule {
    /// The same in every checkpoint.
    Fixed(EncoderBiases),
    /// As the configuration says.
    Configured,
}

/// How a family's prompts are made.
#[derive(Debug, Clone, Copy)]
pub enum PromptKind {
    /// By filling in a template.
    Template(&'static PromptTemplate),
    /// Query and document as a pair, as the tokenizer joins them.
    Pair,
}

/// How an embedding model is prompted.
#[derive(Debug, Clone, Copy)]
pub enum EmbeddingPrompt {
    /// By words before the text, which the model's files or the request give.
    Prefix,
    /// Queries by the task and the text, documents by the text alone.
    Instruct {
        /// The task of requests that give none.
        default_task: &'static str,
    },
    /// By filling in a template.
    Template(&'static PromptTemplate),
}

/// A head, and where a checkpoint keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadKind {
    /// A linear classifier of one row, or of two of which `relevant` is the row of the class "relevant".
    Classifier {
        /// Its weight.
        tensor: &'static str,
        /// Which of two rows.
        relevant: usize,
    },
    /// The rows of the answers `yes` and `no` in the language model's head, or in the embedding table if that is tied.
    YesNo,
    /// Layers with activations. The last has one row; the checkpoint says which of them have biases.
    Layers(&'static [HeadLayerSpec]),
}

/// A layer of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadLayerSpec {
    /// A linear map and what follows it.
    Dense {
        /// Where its weight and bias are.
        at: &'static str,
        /// What follows it.
        activation: HeadActivation,
    },
    /// A layer norm.
    Norm {
        /// Where its weight and bias are.
        at: &'static str,
    },
}

/// An activation in a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadActivation {
    /// None.
    Identity,
    /// The hyperbolic tangent.
    Tanh,
    /// GELU by the error function.
    Gelu,
    /// The larger of the value and zero.
    Relu,
    /// The logistic function.
    Sigmoid,
}

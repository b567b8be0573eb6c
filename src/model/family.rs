//! The model families, each described by data. This is the only place that lists them.
//!
//! To add one: a variant of [`Family`] and its [`FamilySpec`]. The trunk, the head and the prompt that the specification
//! names are shared by all families; what a family needs that none of them has yet is added there, as another value of
//! an enum or another optional layer.

use super::tensor_map::TensorMap;
use crate::prompt::{self, PromptTemplate};

/// A family of published checkpoints that run alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Qwen3-Reranker: text only.
    Qwen3Reranker,
    /// Qwen3-VL-Reranker: text, images, video.
    Qwen3VlReranker,
}

/// What distinguishes a family from the others.
#[derive(Debug)]
pub struct FamilySpec {
    /// The name in `info` and on the command line.
    pub name: &'static str,
    /// Its published models, for messages.
    pub models: &'static str,
    /// `model_type` in `config.json`.
    pub model_type: &'static str,
    /// `general.architecture` in GGUF metadata.
    pub gguf_architecture: &'static str,
    /// What turns tokens into hidden states.
    pub trunk: TrunkKind,
    /// The rotary base of a configuration that does not give one.
    pub default_rope_theta: f64,
    /// The heads that a checkpoint may have; the first that is there is used.
    pub heads: &'static [HeadKind],
    /// The prompt that it was trained with.
    pub prompt: &'static PromptTemplate,
    /// How its checkpoints name the tensors of the trunk.
    pub tensors: TensorMap,
}

/// The kind of a trunk, which also decides how its configuration is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrunkKind {
    /// A causal decoder.
    Decoder,
    /// A causal decoder that also reads the features of a vision tower.
    VisionDecoder,
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
}

/// Transformers puts the class "relevant" second; llama.cpp writes `yes` first.
const ANSWER_HEADS: &[HeadKind] = &[
    HeadKind::Classifier { tensor: "score.weight", relevant: 1 },
    HeadKind::Classifier { tensor: "cls.output.weight", relevant: 0 },
    HeadKind::YesNo,
];

static QWEN3_RERANKER: FamilySpec = FamilySpec {
    name: "qwen3-reranker",
    models: "Qwen3-Reranker 0.6B, 4B, 8B",
    model_type: "qwen3",
    gguf_architecture: "qwen3",
    trunk: TrunkKind::Decoder,
    default_rope_theta: 1e6,
    heads: ANSWER_HEADS,
    prompt: &prompt::QWEN3_RERANKER,
    tensors: TensorMap::IDENTITY,
};

static QWEN3_VL_RERANKER: FamilySpec = FamilySpec {
    name: "qwen3-vl-reranker",
    models: "Qwen3-VL-Reranker 2B, 8B",
    model_type: "qwen3_vl",
    gguf_architecture: "qwen3vl",
    trunk: TrunkKind::VisionDecoder,
    default_rope_theta: 5e6,
    heads: ANSWER_HEADS,
    prompt: &prompt::QWEN3_VL_RERANKER,
    tensors: TensorMap::IDENTITY,
};

impl Family {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Qwen3Reranker, Self::Qwen3VlReranker];

    /// What distinguishes it from the others.
    pub fn spec(self) -> &'static FamilySpec {
        match self {
            Self::Qwen3Reranker => &QWEN3_RERANKER,
            Self::Qwen3VlReranker => &QWEN3_VL_RERANKER,
        }
    }

    /// The name in `info` and on the command line.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// The prompt that it was trained with.
    pub fn prompt(self) -> &'static PromptTemplate {
        self.spec().prompt
    }

    /// Whether it reads images and video.
    pub fn has_vision(self) -> bool {
        self.spec().trunk == TrunkKind::VisionDecoder
    }

    /// The family with this `model_type` in `config.json`.
    pub fn from_model_type(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.spec().model_type == name)
    }

    /// The family with this `general.architecture` in GGUF metadata.
    pub fn from_gguf_architecture(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.spec().gguf_architecture == name)
    }
}

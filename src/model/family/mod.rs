//! The model families, each described by data. This is the only place that lists them.
//!
//! To add one: a variant of [`Family`] and its [`FamilySpec`]. The trunk, the head and the prompt that the specification
//! names are shared by all families; what a family needs that none of them has yet is added there, as another value of
//! an enum or another optional layer.

mod decoders;
mod encoders;
mod gguf;
mod spec;
mod vision_decoders;

pub use gguf::{POSITION_TABLE, encoder_tensors};
pub use spec::{
    AttentionStyle, BiasRule, EmbeddingPrompt, EncoderSpec, FamilySpec, HeadActivation, HeadKind, HeadLayerSpec,
    MlpLayout, NormOrder, PositionRule, PromptKind, TowerSpec, TrunkKind,
};

use crate::model::layers::RotaryOrder;

/// What GGUF files call queries, keys and values in one tensor.
const FUSED_QKV: &str = "blk.0.attn_qkv.weight";

/// A family of published checkpoints that run alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Qwen3-Reranker: text only.
    Qwen3Reranker,
    /// Qwen3-VL-Reranker: text, images, video.
    Qwen3VlReranker,
    /// jina-reranker-m0: Qwen2-VL, text and images.
    JinaM0,
    /// mxbai-rerank-v2: Qwen2.
    MxbaiRerank,
    /// BERT.
    Bert,
    /// Electra.
    Electra,
    /// DistilBERT.
    DistilBert,
    /// RoBERTa and XLM-RoBERTa.
    Roberta,
    /// XLM-RoBERTa in Jina's layout of tensors.
    JinaRoberta,
    /// ModernBERT.
    ModernBert,
    /// GTE's encoder, called "new" in its files.
    Gte,
    /// Jina's BERT with linear biases in attention.
    JinaBert,
    /// DeBERTa, its second and third version.
    Deberta,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Qwen3Reranker,
        Self::Qwen3VlReranker,
        Self::JinaM0,
        Self::MxbaiRerank,
        Self::Bert,
        Self::Electra,
        Self::DistilBert,
        Self::Roberta,
        Self::JinaRoberta,
        Self::ModernBert,
        Self::Gte,
        Self::JinaBert,
        Self::Deberta,
    ];

    /// What distinguishes it from the others.
    pub fn spec(self) -> &'static FamilySpec {
        match self {
            Self::Qwen3Reranker => &decoders::QWEN3_RERANKER,
            Self::Qwen3VlReranker => &vision_decoders::QWEN3_VL_RERANKER,
            Self::JinaM0 => &vision_decoders::JINA_M0,
            Self::MxbaiRerank => &decoders::MXBAI_RERANK,
            Self::Bert => &encoders::BERT,
            Self::Electra => &encoders::ELECTRA,
            Self::DistilBert => &encoders::DISTILBERT,
            Self::Roberta => &encoders::ROBERTA,
            Self::JinaRoberta => &encoders::JINA_ROBERTA,
            Self::ModernBert => &encoders::MODERNBERT,
            Self::Gte => &encoders::GTE,
            Self::JinaBert => &encoders::JINA_BERT,
            Self::Deberta => &encoders::DEBERTA,
        }
    }

    /// The name in `info` and on the command line.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// How its prompts are made.
    pub fn prompt(self) -> PromptKind {
        self.spec().prompt
    }

    /// The rotary base of a decoder's configuration that does not give one.
    pub fn default_rope_theta(self) -> f64 {
        match self.spec().trunk {
            TrunkKind::Decoder { default_rope_theta, .. } | TrunkKind::VisionDecoder { default_rope_theta, .. } => {
                default_rope_theta
            }
            TrunkKind::Encoder(_) => 1e4,
        }
    }

    /// What a decoder's attention has around queries and keys.
    pub fn attention_style(self) -> AttentionStyle {
        match self.spec().trunk {
            TrunkKind::Decoder { attention, .. } | TrunkKind::VisionDecoder { attention, .. } => attention,
            TrunkKind::Encoder(_) => AttentionStyle::HeadNorms,
        }
    }

    /// Whether its trunk is an encoder.
    pub fn is_encoder(self) -> bool {
        matches!(self.spec().trunk, TrunkKind::Encoder(_))
    }

    /// Whether it reads images.
    pub fn has_vision(self) -> bool {
        self.tower().is_some()
    }

    /// Its vision tower, if it has one.
    pub fn tower(self) -> Option<&'static TowerSpec> {
        match self.spec().trunk {
            TrunkKind::VisionDecoder { tower, .. } => Some(tower),
            TrunkKind::Decoder { .. } | TrunkKind::Encoder(_) => None,
        }
    }

    /// In which order a decoder's rotary frequencies follow time, height and width.
    pub fn rotary_order(self) -> RotaryOrder {
        match self.spec().trunk {
            TrunkKind::VisionDecoder { order, .. } => order,
            TrunkKind::Decoder { .. } | TrunkKind::Encoder(_) => RotaryOrder::Interleaved,
        }
    }

    /// The family of a `config.json`: by its `model_type`, and by the kind of its positions where two share that.
    pub fn from_config(model_type: &str, position_embedding_type: Option<&str>) -> Option<Self> {
        let family = Self::ALL.into_iter().find(|family| family.spec().model_types.contains(&model_type))?;
        match (family, position_embedding_type) {
            (Self::Bert, Some("alibi")) => Some(Self::JinaBert),
            _ => Some(family),
        }
    }

    /// The family whose checkpoints hold a tensor that tells them from others of the same `model_type`.
    pub fn from_tensors(self, has_tensor: impl Fn(&str) -> bool) -> Self {
        match self {
            Self::Roberta if has_tensor(encoders::JINA_ROBERTA_TENSOR) => Self::JinaRoberta,
            family => family,
        }
    }

    /// The same by the tensors of a GGUF file.
    pub fn from_gguf_tensors(self, has_tensor: impl Fn(&str) -> bool) -> Self {
        match self {
            Self::Roberta if has_tensor(FUSED_QKV) => Self::JinaRoberta,
            family => family,
        }
    }

    /// The family with this `general.architecture` in GGUF metadata.
    pub fn from_gguf_architecture(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.spec().gguf_architecture == Some(name))
    }
}

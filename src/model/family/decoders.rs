//! Families whose trunk is a decoder of text.

use super::spec::{AttentionStyle, EmbeddingPrompt, FamilySpec, HeadKind, PromptKind, TrunkKind};
use crate::model::config::ScoreActivation;
use crate::model::tensor_map::TensorMap;
use crate::prompt;

/// Transformers puts the class "relevant" second; llama.cpp writes `yes` first.
pub const ANSWER_HEADS: &[HeadKind] = &[
    HeadKind::Classifier { tensor: "score.weight", relevant: 1 },
    HeadKind::Classifier { tensor: "cls.output.weight", relevant: 0 },
    HeadKind::YesNo,
];

pub static QWEN3_RERANKER: FamilySpec = FamilySpec {
    name: "qwen3-reranker",
    models: "Qwen3-Reranker 0.6B, 4B, 8B",
    model_types: &["qwen3"],
    class: None,
    gguf_architecture: Some("qwen3"),
    trunk: TrunkKind::Decoder { default_rope_theta: 1e6, attention: AttentionStyle::HeadNorms },
    heads: ANSWER_HEADS,
    prompt: PromptKind::Template(&prompt::QWEN3_RERANKER),
    embedding: Some(EmbeddingPrompt::Instruct {
        default_task: "Given a web search query, retrieve relevant passages that answer the query",
    }),
    activation: ScoreActivation::Sigmoid,
    tensors: TensorMap::IDENTITY,
};

/// Its authors publish the difference of the two logits; a classifier of the same weights has a probability.
pub static MXBAI_RERANK: FamilySpec = FamilySpec {
    name: "mxbai-rerank-v2",
    models: "mxbai-rerank-base-v2, -large-v2",
    model_types: &["qwen2"],
    class: None,
    gguf_architecture: Some("qwen2"),
    trunk: TrunkKind::Decoder { default_rope_theta: 1e6, attention: AttentionStyle::Biases },
    heads: ANSWER_HEADS,
    prompt: PromptKind::Template(&prompt::MXBAI_RERANK),
    embedding: None,
    activation: ScoreActivation::Identity,
    tensors: TensorMap::IDENTITY,
};

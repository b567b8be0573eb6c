//! Families whose trunk is a decoder.

use super::spec::{FamilySpec, HeadKind, PromptKind, TrunkKind};
use crate::model::tensor_map::TensorMap;
use crate::prompt;

/// Transformers puts the class "relevant" second; llama.cpp writes `yes` first.
const ANSWER_HEADS: &[HeadKind] = &[
    HeadKind::Classifier { tensor: "score.weight", relevant: 1 },
    HeadKind::Classifier { tensor: "cls.output.weight", relevant: 0 },
    HeadKind::YesNo,
];

pub static QWEN3_RERANKER: FamilySpec = FamilySpec {
    name: "qwen3-reranker",
    models: "Qwen3-Reranker 0.6B, 4B, 8B",
    model_types: &["qwen3"],
    gguf_architecture: Some("qwen3"),
    trunk: TrunkKind::Decoder { default_rope_theta: 1e6 },
    heads: ANSWER_HEADS,
    prompt: PromptKind::Template(&prompt::QWEN3_RERANKER),
    tensors: TensorMap::IDENTITY,
};

pub static QWEN3_VL_RERANKER: FamilySpec = FamilySpec {
    name: "qwen3-vl-reranker",
    models: "Qwen3-VL-Reranker 2B, 8B",
    model_types: &["qwen3_vl"],
    gguf_architecture: Some("qwen3vl"),
    trunk: TrunkKind::VisionDecoder { default_rope_theta: 5e6 },
    heads: ANSWER_HEADS,
    prompt: PromptKind::Template(&prompt::QWEN3_VL_RERANKER),
    tensors: TensorMap::IDENTITY,
};

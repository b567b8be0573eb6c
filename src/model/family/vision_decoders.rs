//! Families whose trunk is a decoder with a vision tower.

use super::decoders::ANSWER_HEADS;
use super::spec::{
    AttentionStyle, EmbeddingPrompt, FamilySpec, HeadActivation, HeadKind, HeadLayerSpec, PromptKind, TowerSpec,
    TrunkKind,
};
use crate::media::{PixelScale, SizeLimits};
use crate::model::config::ScoreActivation;
use crate::model::layers::{Bias, MlpActivation, RotaryOrder};
use crate::model::tensor_map::TensorMap;
use crate::prompt;

static QWEN3_TOWER: TowerSpec = TowerSpec {
    learned_positions: true,
    patch_bias: Bias::Present,
    activation: MlpActivation::GeluTanh,
    activation_name: "gelu_pytorch_tanh",
    scale: PixelScale::Centred,
    limits: SizeLimits::QWEN3,
    limits_in_file: false,
    video: true,
};

pub static QWEN3_VL_RERANKER: FamilySpec = FamilySpec {
    name: "qwen3-vl-reranker",
    models: "Qwen3-VL-Reranker 2B, 8B",
    model_types: &["qwen3_vl"],
    class: None,
    gguf_architecture: Some("qwen3vl"),
    trunk: TrunkKind::VisionDecoder {
        default_rope_theta: 5e6,
        attention: AttentionStyle::HeadNorms,
        order: RotaryOrder::Interleaved,
        tower: &QWEN3_TOWER,
    },
    heads: ANSWER_HEADS,
    prompt: PromptKind::Template(&prompt::QWEN3_VL_RERANKER),
    embedding: Some(EmbeddingPrompt::Template(&prompt::QWEN3_VL_EMBEDDING)),
    activation: ScoreActivation::Sigmoid,
    tensors: TensorMap::IDENTITY,
};

static QWEN2_TOWER: TowerSpec = TowerSpec {
    learned_positions: false,
    patch_bias: Bias::Absent,
    activation: MlpActivation::GeluQuick,
    activation_name: "quick_gelu",
    scale: PixelScale::Clip,
    // The script published with the weights asks for these, whatever the file allows.
    limits: SizeLimits { min_pixels: 3_136, max_pixels: 602_112 },
    limits_in_file: true,
    video: false,
};

/// Its script takes one picture for each side, and no video. The embedding table is never the head.
pub static JINA_M0: FamilySpec = FamilySpec {
    name: "jina-reranker-m0",
    models: "jina-reranker-m0",
    model_types: &["qwen2_vl"],
    class: Some("JinaVLForRanking"),
    gguf_architecture: None,
    trunk: TrunkKind::VisionDecoder {
        default_rope_theta: 1e6,
        attention: AttentionStyle::Biases,
        order: RotaryOrder::Chunked,
        tower: &QWEN2_TOWER,
    },
    heads: &[HeadKind::Layers(&[
        HeadLayerSpec::Dense { at: "score.0", activation: HeadActivation::Relu },
        HeadLayerSpec::Dense { at: "score.2", activation: HeadActivation::Identity },
    ])],
    prompt: PromptKind::Template(&prompt::JINA_M0),
    embedding: None,
    activation: ScoreActivation::LoweredSigmoid,
    tensors: TensorMap::new(&[
        ("merger.norm.", "merger.ln_q."),
        ("merger.linear_fc1.", "merger.mlp.0."),
        ("merger.linear_fc2.", "merger.mlp.2."),
        (".mlp.linear_fc", ".mlp.fc"),
    ]),
};

//! Families whose trunk is an encoder. What their configurations choose is read in `config/encoder_json.rs`.

use super::spec::{
    BiasRule, EmbeddingPrompt, EncoderSpec, FamilySpec, HeadActivation, HeadKind, HeadLayerSpec, MlpLayout, NormOrder,
    PositionRule, PromptKind, TrunkKind,
};
use crate::model::config::{EncoderBiases, ScoreActivation};
use crate::model::layers::Bias;
use crate::model::tensor_map::TensorMap;

const ALL_BIASES: EncoderBiases = EncoderBiases {
    norm: Bias::Present,
    qkv: Bias::Present,
    attention_output: Bias::Present,
    mlp_input: Bias::Present,
    mlp_output: Bias::Present,
};

/// The encoder of BERT, which others change in a few places.
const BERT_ENCODER: EncoderSpec = EncoderSpec {
    norm_order: NormOrder::After,
    positions: PositionRule::LearnedFromZero,
    token_types: true,
    fused_qkv: false,
    mlp: MlpLayout::Plain,
    biases: BiasRule::Fixed(ALL_BIASES),
    default_norm_eps: 1e-12,
};

const BERT_TENSORS: TensorMap = TensorMap::new(&[
    ("embeddings.word.", "embeddings.word_embeddings."),
    ("embeddings.position.", "embeddings.position_embeddings."),
    ("embeddings.token_type.", "embeddings.token_type_embeddings."),
    ("embeddings.norm.", "embeddings.LayerNorm."),
    ("embeddings.projection.", "embeddings_project."),
    ("layers.", "encoder.layer."),
    (".attention.query.", ".attention.self.query."),
    (".attention.key.", ".attention.self.key."),
    (".attention.value.", ".attention.self.value."),
    (".attention.output.", ".attention.output.dense."),
    (".attention_norm.", ".attention.output.LayerNorm."),
    (".mlp.up.", ".intermediate.dense."),
    (".mlp.down.", ".output.dense."),
    (".mlp_norm.", ".output.LayerNorm."),
]);

/// `classifier(tanh(pooler(h)))`
const POOLER_TANH: &[HeadKind] = &[HeadKind::Layers(&[
    HeadLayerSpec::Dense { at: "pooler.dense", activation: HeadActivation::Tanh },
    HeadLayerSpec::Dense { at: "classifier", activation: HeadActivation::Identity },
])];

/// `out_proj(tanh(dense(h)))`
const ROBERTA_HEAD: &[HeadKind] = &[HeadKind::Layers(&[
    HeadLayerSpec::Dense { at: "classifier.dense", activation: HeadActivation::Tanh },
    HeadLayerSpec::Dense { at: "classifier.out_proj", activation: HeadActivation::Identity },
])];

pub static BERT: FamilySpec = FamilySpec {
    name: "bert",
    models: "ms-marco-MiniLM-L2 to L12-v2, TinyBERT and other fine-tunes of BERT",
    model_types: &["bert"],
    class: None,
    gguf_architecture: None,
    trunk: TrunkKind::Encoder(&BERT_ENCODER),
    heads: POOLER_TANH,
    prompt: PromptKind::Pair,
    embedding: Some(EmbeddingPrompt::Prefix),
    activation: ScoreActivation::Sigmoid,
    tensors: BERT_TENSORS,
};

pub static ELECTRA: FamilySpec = FamilySpec {
    name: "electra",
    models: "ms-marco-electra-base",
    model_types: &["electra"],
    class: None,
    gguf_architecture: None,
    trunk: TrunkKind::Encoder(&BERT_ENCODER),
    heads: &[HeadKind::Layers(&[
        HeadLayerSpec::Dense { at: "classifier.dense", activation: HeadActivation::Gelu },
        HeadLayerSpec::Dense { at: "classifier.out_proj", activation: HeadActivation::Identity },
    ])],
    prompt: PromptKind::Pair,
    embedding: Some(EmbeddingPrompt::Prefix),
    activation: ScoreActivation::Sigmoid,
    tensors: BERT_TENSORS,
};

pub static DISTILBERT: FamilySpec = FamilySpec {
    name: "distilbert",
    models: "fine-tunes of DistilBERT",
    model_types: &["distilbert"],
    class: None,
    gguf_architecture: None,
    trunk: TrunkKind::Encoder(&EncoderSpec { token_types: false, ..BERT_ENCODER }),
    heads: &[HeadKind::Layers(&[
        HeadLayerSpec::Dense { at: "pre_classifier", activation: HeadActivation::Relu },
        HeadLayerSpec::Dense { at: "classifier", activation: HeadActivation::Identity },
    ])],
    prompt: PromptKind::Pair,
    embedding: Some(EmbeddingPrompt::Prefix),
    activation: ScoreActivation::Sigmoid,
    tensors: TensorMap::new(&[
        ("embeddings.word.", "embeddings.word_embeddings."),
        ("embeddings.position.", "embeddings.position_embeddings."),
        ("embeddings.norm.", "embeddings.LayerNorm."),
        ("layers.", "transformer.layer."),
        (".attention.query.", ".attention.q_lin."),
        (".attention.key.", ".attention.k_lin."),
        (".attention.value.", ".attention.v_lin."),
        (".attention.output.", ".attention.out_lin."),
        (".attention_norm.", ".sa_layer_norm."),
        (".mlp.up.", ".ffn.lin1."),
        (".mlp.down.", ".ffn.lin2."),
        (".mlp_norm.", ".output_layer_norm."),
    ]),
};

/// Published configurations of RoBERTa and XLM-RoBERTa give 1e-5; Transformers' default is BERT's.
const ROBERTA_ENCODER: EncoderSpec = EncoderSpec { positions: PositionRule::LearnedAfterPadding, ..BERT_ENCODER };

pub static ROBERTA: FamilySpec = FamilySpec {
    name: "roberta",
    models: "bge-reranker-base, -large, -v2-m3, mmarco-mMiniLMv2, other fine-tunes of RoBERTa and XLM-RoBERTa",
    model_types: &["xlm-roberta", "roberta", "camembert"],
    class: None,
    gguf_architecture: Some("bert"),
    trunk: TrunkKind::Encoder(&ROBERTA_ENCODER),
    heads: ROBERTA_HEAD,
    prompt: PromptKind::Pair,
    embedding: Some(EmbeddingPrompt::Prefix),
    activation: ScoreActivation::Sigmoid,
    tensors: BERT_TENSORS,
};

/// A tensor that only [`JINA_ROBERTA`]'s checkpoints have.
pub const JINA_ROBERTA_TENSOR: &str = "encoder.layers.0.mixer.Wqkv.weight";

pub static JINA_ROBERTA: FamilySpec = FamilySpec {
    name: "jina-roberta",
    models: "jina-reranker-v2-base-multilingual",
    model_types: &[],
    class: None,
    gguf_architecture: None,
    trunk: TrunkKind::Encoder(&EncoderSpec { fused_qkv: true, ..ROBERTA_ENCODER }),
    heads: ROBERTA_HEAD,
    prompt: PromptKind::Pair,
    embedding: Some(EmbeddingPrompt::Prefix),
    activation: ScoreActivation::Sigmoid,
    tensors: TensorMap::new(&[
        ("embeddings.word.", "embeddings.word_embeddings."),
        ("embeddings.position.", "embeddings.position_embeddings."),
        ("embeddings.token_type.", "embeddings.token_type_embeddings."),
        ("embeddings.norm.", "emb_ln."),
        ("layers.", "encoder.layers."),
        (".attention.qkv.", ".mixer.Wqkv."),
        (".attention.output.", ".mixer.out_proj."),
        (".attention_norm.", ".norm1."),
        (".mlp.up.", ".mlp.fc1."),
        (".mlp.down.", ".mlp.fc2."),
        (".mlp_norm.", ".norm2."),
    ]),
};

pub static MODERNBERT: FamilySpec = FamilySpec {
    name: "modernbert",
    models: "Ettin rerankers 17m to 1b, gte-reranker-modernbert-base, granite-embedding-reranker-english-r2",
    model_types: &["modernbert"],
    class: None,
    gguf_architecture: Some("modern-bert"),
    trunk: TrunkKind::Encoder(&EncoderSpec {
        norm_order: NormOrder::Before,
        positions: PositionRule::RotaryByLayer,
        token_types: false,
        fused_qkv: true,
        mlp: MlpLayout::GateUp,
        biases: BiasRule::Configured,
        default_norm_eps: 1e-5,
    }),
    heads: &[HeadKind::Layers(&[
        HeadLayerSpec::Dense { at: "head.dense", activation: HeadActivation::Gelu },
        HeadLayerSpec::Norm { at: "head.norm" },
        HeadLayerSpec::Dense { at: "classifier", activation: HeadActivation::Identity },
    ])],
    prompt: PromptKind::Pair,
    embedding: Some(EmbeddingPrompt::Prefix),
    activation: ScoreActivation::Sigmoid,
    tensors: TensorMap::new(&[
        ("embeddings.word.", "embeddings.tok_embeddings."),
        (".attention.qkv.", ".attn.Wqkv."),
        (".attention.output.", ".attn.Wo."),
        (".attention_norm.", ".attn_norm."),
        (".mlp.gate_up.", ".mlp.Wi."),
        (".mlp.down.", ".mlp.Wo."),
    ]),
};

pub static GTE: FamilySpec = FamilySpec {
    name: "gte",
    models: "gte-multilingual-reranker-base",
    model_types: &["new", "gte"],
    class: None,
    gguf_architecture: None,
    trunk: TrunkKind::Encoder(&EncoderSpec {
        positions: PositionRule::Rotary,
        fused_qkv: true,
        mlp: MlpLayout::UpGate,
        biases: BiasRule::Fixed(EncoderBiases { mlp_input: Bias::Absent, ..ALL_BIASES }),
        ..BERT_ENCODER
    }),
    heads: POOLER_TANH,
    prompt: PromptKind::Pair,
    embedding: Some(EmbeddingPrompt::Prefix),
    activation: ScoreActivation::Sigmoid,
    tensors: TensorMap::new(&[
        ("embeddings.word.", "embeddings.word_embeddings."),
        ("embeddings.token_type.", "embeddings.token_type_embeddings."),
        ("embeddings.norm.", "embeddings.LayerNorm."),
        ("layers.", "encoder.layer."),
        (".attention.qkv.", ".attention.qkv_proj."),
        (".attention.output.", ".attention.o_proj."),
        (".attention_norm.", ".attn_ln."),
        (".mlp.up_gate.", ".mlp.up_gate_proj."),
        (".mlp.down.", ".mlp.down_proj."),
        (".mlp_norm.", ".mlp_ln."),
    ]),
};

pub static JINA_BERT: FamilySpec = FamilySpec {
    name: "jina-bert",
    models: "jina-reranker-v1-tiny-en, -turbo-en",
    model_types: &[],
    class: None,
    gguf_architecture: Some("jina-bert-v2"),
    trunk: TrunkKind::Encoder(&EncoderSpec {
        positions: PositionRule::LinearBias,
        mlp: MlpLayout::GateUp,
        biases: BiasRule::Fixed(EncoderBiases { mlp_input: Bias::Absent, ..ALL_BIASES }),
        ..BERT_ENCODER
    }),
    heads: POOLER_TANH,
    prompt: PromptKind::Pair,
    embedding: Some(EmbeddingPrompt::Prefix),
    activation: ScoreActivation::Sigmoid,
    tensors: TensorMap::new(&[
        ("embeddings.word.", "embeddings.word_embeddings."),
        ("embeddings.token_type.", "embeddings.token_type_embeddings."),
        ("embeddings.norm.", "embeddings.LayerNorm."),
        ("layers.", "encoder.layer."),
        (".attention.query.", ".attention.self.query."),
        (".attention.key.", ".attention.self.key."),
        (".attention.value.", ".attention.self.value."),
        (".attention.output.", ".attention.output.dense."),
        (".attention_norm.", ".attention.output.LayerNorm."),
        (".mlp.gate_up.", ".mlp.gated_layers."),
        (".mlp.down.", ".mlp.wo."),
        (".mlp_norm.", ".mlp.layernorm."),
    ]),
};

pub static DEBERTA: FamilySpec = FamilySpec {
    name: "deberta-v2",
    models: "mxbai-rerank-xsmall-v1, -base-v1, -large-v1",
    model_types: &["deberta-v2"],
    class: None,
    gguf_architecture: None,
    trunk: TrunkKind::Encoder(&EncoderSpec {
        positions: PositionRule::Disentangled,
        default_norm_eps: 1e-7,
        ..BERT_ENCODER
    }),
    heads: &[HeadKind::Layers(&[
        HeadLayerSpec::Dense { at: "pooler.dense", activation: HeadActivation::Gelu },
        HeadLayerSpec::Dense { at: "classifier", activation: HeadActivation::Identity },
    ])],
    prompt: PromptKind::Pair,
    embedding: Some(EmbeddingPrompt::Prefix),
    activation: ScoreActivation::Sigmoid,
    tensors: TensorMap::new(&[
        ("embeddings.word.", "embeddings.word_embeddings."),
        ("embeddings.token_type.", "embeddings.token_type_embeddings."),
        ("embeddings.norm.", "embeddings.LayerNorm."),
        ("relative_norm.", "encoder.LayerNorm."),
        ("relative.", "encoder.rel_embeddings."),
        ("layers.", "encoder.layer."),
        (".attention.query.", ".attention.self.query_proj."),
        (".attention.key.", ".attention.self.key_proj."),
        (".attention.value.", ".attention.self.value_proj."),
        (".attention.output.", ".attention.output.dense."),
        (".attention_norm.", ".attention.output.LayerNorm."),
        (".mlp.up.", ".intermediate.dense."),
        (".mlp.down.", ".output.dense."),
        (".mlp_norm.", ".output.LayerNorm."),
    ]),
};

//! The models as burn modules. They are generic in every size and independent of the backend: a tensor knows its device,
//! and [`crate::kernels`] dispatches on it.
//!
//! `family` says which trunk, head and prompt a checkpoint has. A trunk (`decoder`, with `vision` before it, or `encoder`) turns
//! tokens into hidden states and is built from `layers`; `heads` turn a hidden state into a logit. The constructor
//! of a module names its tensors and their shapes once; `loading` runs it to list them and to load them.

mod config;
mod decoder;
mod embedding_model;
mod encoder;
mod error;
mod family;
mod forward;
mod gguf_names;
mod heads;
mod layers;
mod loading;
mod placement;
mod prompt;
mod reranker;
mod task;
mod tensor_map;
mod trace;
mod trunk;
mod vision;
mod visual;
mod yielding;

pub use config::{
    ACTIVATION_KEY, ConfigFiles, EncoderConfig, LayerAttention, MAX_CONFIG_BYTES, ModelConfig, PREPROCESSOR, Pooling,
    Positions, ScoreActivation, TextConfig, TrunkConfig, VisionConfig, embedding_pooling, sigmoid,
};
pub use decoder::{KvCache, PromptStart};
pub use embedding_model::EmbeddingModel;
pub use error::{ConfigError, DeviceError, ModelError};
pub use family::{EmbeddingPrompt, Family, FamilySpec, HeadKind, POSITION_TABLE, PromptKind, TowerSpec, TrunkKind};
pub use forward::ForwardOptions;
pub use gguf_names::{GgufTensorName, adapt_encoder_tensor, encoder_tensor_names};
pub use heads::{HeadModules, HeadPlace, HeadTensors, ModuleList, head_places};
pub use layers::{Precision, StreamTimes};
pub use loading::{LoadParameters, Residency, TensorSpec, check_complete, required_tensors};
pub use placement::{DeviceKind, ModelPlacement};
pub use prompt::{AnswerIds, PromptBatch, TokenIds, TokenizedPrompt};
pub use reranker::{Reranker, ScoredPrompts};
pub use task::Task;
pub use tensor_map::TensorMap;
pub use trace::{TraceProbe, TraceStage};
pub(crate) use trunk::Trunk;
pub use vision::VisionTower;
pub use visual::{VisionFeatures, VisualGrid};
pub use yielding::{NeverYield, YieldPoint};

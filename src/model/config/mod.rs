//! The configuration of a model: its sizes, read from `config.json` or GGUF metadata and checked before anything is
//! allocated.

mod bounds;
mod encoder;
mod encoder_json;
mod gguf;
mod gguf_encoder;
mod hugging_face;
mod json;
mod model;
mod scoring;
mod text;
mod vision;
mod vision_json;

pub use encoder::{EncoderBiases, EncoderConfig, LayerAttention, Pooling, Positions, Rotary};
pub use gguf::embedding_pooling;
pub use hugging_face::{ConfigFiles, MAX_CONFIG_BYTES, PREPROCESSOR};
pub use model::{ModelConfig, TrunkConfig};
pub use scoring::{ACTIVATION_KEY, ScoreActivation, sigmoid};
pub use text::TextConfig;
pub use vision::VisionConfig;

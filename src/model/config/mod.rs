//! The configuration of a model: its sizes, read from `config.json` or GGUF metadata and checked before anything is
//! allocated.

mod bounds;
mod gguf;
mod json;
mod model;
mod text;
mod vision;

pub use json::MAX_CONFIG_BYTES;
pub use model::ModelConfig;
pub use text::TextConfig;
pub use vision::VisionConfig;

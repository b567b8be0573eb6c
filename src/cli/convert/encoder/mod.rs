//! Encoders as GGUF files.
//!
//! The keys and tensors are llama.cpp's where it has them. What it has none for is in the model's own small files, which the
//! metadata keeps whole; `engine` reads those, so that a converted model is the same model.

mod architecture;
mod metadata;
mod model;
mod plan;
mod vocabulary;

pub use model::EncoderModel;
pub use plan::plan_encoder;

//! The encoder: bidirectional layers over a pair of query and document. What families differ in is data, see
//! [`EncoderSpec`](super::family::EncoderSpec) and [`EncoderConfig`](super::config::EncoderConfig).

mod embeddings;
mod layer;
mod relative;
mod rows;
mod trunk;

pub use trunk::Encoder;

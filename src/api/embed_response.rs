//! The response to a request for embeddings.

use serde::Serialize;

use super::encoding::EmbeddingValue;
use super::response::{FailedDocument, Timings, Usage};

/// The vectors of a request's inputs.
#[derive(Debug, Clone, Serialize)]
pub struct EmbedResponse {
    /// Always `list`.
    pub object: &'static str,
    /// The vectors in the order of the inputs.
    pub data: Vec<EmbeddedInput>,
    /// The model's name.
    pub model: String,
    /// The number of tokens.
    pub usage: Usage,
    /// What hosted services do not report.
    pub meta: EmbedMeta,
}

/// The vector of one input.
#[derive(Debug, Clone, Serialize)]
pub struct EmbeddedInput {
    /// Always `embedding`.
    pub object: &'static str,
    /// The input's index in the request.
    pub index: usize,
    /// The vector.
    pub embedding: EmbeddingValue,
}

/// What hosted services do not report.
#[derive(Debug, Clone, Serialize)]
pub struct EmbedMeta {
    /// The device that computed the vectors.
    pub device: String,
    /// The time of each stage.
    pub timings: Timings,
    /// Warnings about the vectors, such as inputs that were truncated.
    pub warnings: Vec<String>,
    /// Inputs that have no vector, for example because an image is damaged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<FailedDocument>,
}

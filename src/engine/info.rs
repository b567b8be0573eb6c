//! What is loaded, and where it runs.

use serde::Serialize;

use crate::model::{DeviceKind, Residency};

/// What is loaded, and where it runs.
#[derive(Debug, Clone, Serialize)]
pub struct ModelInfo {
    /// The folder or URL that it was loaded from.
    pub model: String,
    /// The family of the model.
    pub family: &'static str,
    /// Which hidden states the head reads.
    pub pooling: &'static str,
    /// What it was loaded for.
    #[serde(flatten)]
    pub task: TaskInfo,
    /// Whether it reads images. A GGUF model does so only with its vision file.
    pub vision: bool,
    /// Where it runs.
    pub device: DeviceKind,
    /// How matrices are stored on the device.
    pub dtype: &'static str,
    /// Bytes of weights in the files.
    pub weight_bytes: u64,
    /// Which weights stay on the device between requests.
    pub memory: WeightMemory,
    /// Bytes of those that stay.
    pub resident_bytes: u64,
    /// The kernels with which the GPU multiplies matrices.
    pub kernels: Option<String>,
    /// What the files leave open, and what was assumed; every response repeats it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What a model was loaded for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum TaskInfo {
    /// To score documents.
    Reranker {
        /// What turns a logit into the score that the checkpoint's authors publish, and so into `relevance_score` with
        /// `raw_scores`.
        activation: &'static str,
        /// What the head is.
        head: String,
    },
    /// To make vectors.
    Embedder {
        /// How many values a vector has.
        dimensions: usize,
        /// Whether vectors have unit length.
        normalized: bool,
        /// Differs where vectors of two models, or of one model loaded in two ways, are not to be compared.
        identity: String,
    },
}

/// Which weights stay on the device between requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightMemory {
    /// All of them.
    Resident,
    /// Some layers are read again for each request.
    Streamed,
}

impl WeightMemory {
    /// Of a model that is loaded so.
    pub fn of(residency: &Residency) -> Self {
        if residency.is_streamed() { Self::Streamed } else { Self::Resident }
    }
}

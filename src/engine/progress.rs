//! The progress of loading.

use serde::Serialize;

/// What loading is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LoadStage {
    /// Bytes arrive. Reported by the source of the bytes.
    Download,
    /// Files are compared with their hashes. Reported by the source of the bytes.
    Verify,
    /// Weights move to the device, counted in parts of the model.
    Upload,
    /// Kernels are selected, and a first pass compiles every shader.
    Compile,
}

/// The progress of loading.
#[derive(Debug, Clone, Serialize)]
pub struct LoadProgress {
    /// What is being done.
    pub stage: LoadStage,
    /// How much of it is done: bytes, or parts.
    pub loaded: u64,
    /// How much there is.
    pub total: u64,
    /// Bytes per second, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// The file, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

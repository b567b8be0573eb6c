//! An opened device, and what the browser says of its adapter.

use burn::tensor::Device;
use serde::Serialize;

use crate::model::DeviceKind;

/// The WebGPU adapter, as the browser describes it.
#[derive(Debug, Clone, Serialize)]
pub struct Adapter {
    /// Description, architecture or vendor: the most telling of what the browser reveals.
    pub name: String,
    /// `nvidia`, `apple`, `google` …
    pub vendor: String,
    /// A software adapter. Never to be presented as a GPU.
    pub fallback: bool,
}

/// A device ready for tensors.
pub struct OpenDevice {
    pub device: Device,
    pub kind: DeviceKind,
    pub adapter: Option<Adapter>,
}

//! Where a model's tensors are and where it computes.

use burn::tensor::Device;
use serde::Serialize;

/// The kind of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// The processor, with its own memory.
    Cpu,
    /// A GPU through the browser's WebGPU.
    WebGpu,
    /// A GPU through the native `wgpu`.
    Gpu,
}

impl DeviceKind {
    /// The name in `info` and in responses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::WebGpu => "webgpu",
            Self::Gpu => "gpu",
        }
    }
}

/// The device of a model.
#[derive(Debug, Clone, Copy)]
pub struct ModelPlacement<'a> {
    /// Holds the matrices and computes.
    pub device: &'a Device,
    /// Its kind. A GPU also holds the embedding table; beside the CPU it stays in host memory.
    pub kind: DeviceKind,
}

//! How a model is loaded.

use burn::tensor::Device;
use serde::Deserialize;

use crate::kernels::selection::KernelChoice;
use crate::model::{DeviceKind, Precision};

/// Where and how a model runs.
///
/// ```
/// use secondpass::{LoadOptions, Precision};
///
/// let options = LoadOptions { precision: Precision::Q8, ..LoadOptions::cpu() };
/// assert_eq!(options.device_kind.name(), "cpu");
/// ```
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The device that holds the weights and computes.
    pub device: Device,
    /// The kind of `device`.
    pub device_kind: DeviceKind,
    /// How matrices are stored on it.
    pub precision: Precision,
    /// Images with more pixels are scaled down to this many, instead of to what the model was published with.
    pub max_image_pixels: Option<usize>,
    /// What is not computed twice.
    pub optimizations: Optimizations,
    /// The kernels of a GPU.
    pub kernels: KernelChoice,
    /// The most bytes of weights on the device, where they do not all fit: of a larger decoder, layers are read again for
    /// each request. `None` keeps all of them.
    pub max_weight_bytes: Option<u64>,
    /// How often the device was lost with this model. Each time halves the rows that are submitted at once.
    pub device_losses: u32,
}

/// What the engine does to compute less. All of it is exact; each can be switched off to measure what it saves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Optimizations {
    /// The common prefix of a request's prompts is computed once, and kept for the next request.
    pub shared_prefix: bool,
    /// Documents are computed together, without padding.
    pub packing: bool,
    /// The last layer computes only the rows that are scored.
    pub last_layer_only: bool,
    /// The features of images are kept.
    pub vision_cache: bool,
}

impl Default for Optimizations {
    fn default() -> Self {
        Self { shared_prefix: true, packing: true, last_layer_only: true, vision_cache: true }
    }
}

impl LoadOptions {
    /// On the CPU, as exact as the file.
    pub fn cpu() -> Self {
        Self::on(Device::flex(), DeviceKind::Cpu)
    }

    /// On a device, as exact as the file.
    pub fn on(device: Device, device_kind: DeviceKind) -> Self {
        Self {
            device,
            device_kind,
            precision: Precision::Auto,
            max_image_pixels: None,
            optimizations: Optimizations::default(),
            kernels: KernelChoice::Measured,
            max_weight_bytes: None,
            device_losses: 0,
        }
    }
}

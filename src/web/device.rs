//! Choosing the device: what the page asked for, what the browser and this module have.

use burn::tensor::Device;

#[cfg(not(feature = "gpu"))]
use super::no_webgpu as webgpu;
use super::open_device::OpenDevice;
#[cfg(feature = "gpu")]
use super::webgpu;
use crate::Error;
use crate::api::RequestError;
use crate::model::DeviceKind;

/// Opens `webgpu`, `cpu`, or with `auto` the first of the two that exists. A software adapter is slower than the CPU path
/// that it runs on, so `auto` does not open one.
pub async fn open(choice: &str) -> Result<OpenDevice, Error> {
    match choice {
        "cpu" => Ok(cpu()),
        "webgpu" => webgpu::open().await,
        "auto" => Ok(webgpu::open_hardware().await.unwrap_or_else(cpu)),
        other => {
            Err(RequestError::invalid(format!("device is \"{other}\"; use \"auto\", \"webgpu\" or \"cpu\"")).into())
        }
    }
}

fn cpu() -> OpenDevice {
    OpenDevice { device: Device::flex(), kind: DeviceKind::Cpu, adapter: None }
}

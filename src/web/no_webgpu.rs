//! The module without the GPU backend: there is only the CPU.

use super::open_device::OpenDevice;
use crate::Error;

pub async fn open() -> Result<OpenDevice, Error> {
    Err(Error::NoDevice(
        "This module was built without WebGPU. Load secondpass.js with secondpass_bg.wasm instead of secondpass_cpu.js, or use device \"cpu\".".into(),
    ))
}

pub async fn open_hardware() -> Option<OpenDevice> {
    None
}

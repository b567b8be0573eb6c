//! How many shaders a device was given, for the tests that count them: on small models a launch costs as much as what it
//! computes.

#[cfg(feature = "gpu")]
use burn::backend::DispatchDevice;
use burn::tensor::Device;

#[cfg(feature = "gpu")]
use crate::kernels::gpu::state_of;

/// The launches on `device` so far; none on a CPU.
pub fn launches(device: &Device) -> usize {
    match device.as_dispatch() {
        #[cfg(feature = "gpu")]
        DispatchDevice::Cube(gpu) => state_of(gpu).launches(),
        _ => 0,
    }
}

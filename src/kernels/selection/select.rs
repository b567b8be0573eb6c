//! Selection for any device: only a GPU has a choice.

#[cfg(feature = "gpu")]
use burn::backend::DispatchDevice;
use burn::tensor::Device;

use super::choice::{KernelChoice, SelectionError};
#[cfg(feature = "gpu")]
use super::measure;
use crate::kernels::adapter::AdapterTraits;
#[cfg(feature = "gpu")]
use crate::kernels::gpu;

/// Selects the shaders of `device`, and gives their name; `None` for a device that has no choice. `now` gives
/// milliseconds.
pub async fn select(
    device: &Device,
    choice: &KernelChoice,
    now: &dyn Fn() -> f64,
) -> Result<Option<String>, SelectionError> {
    match device.as_dispatch() {
        #[cfg(feature = "gpu")]
        DispatchDevice::Cube(gpu) => measure::select(gpu, device, choice, now).await.map(|s| Some(s.name())),
        _ => {
            let _ = (choice, now);
            Ok(None)
        }
    }
}

/// Tells what `device` is.
pub fn describe(device: &Device, traits: AdapterTraits) {
    match device.as_dispatch() {
        #[cfg(feature = "gpu")]
        DispatchDevice::Cube(gpu) => gpu::state_of(gpu).set_traits(traits),
        _ => {
            let _ = traits;
        }
    }
}

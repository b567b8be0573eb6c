//! Which shaders a GPU computes with: the fastest that get known values right.

#[cfg(feature = "gpu")]
use burn::backend::DispatchDevice;
use burn::tensor::Device;

#[cfg(feature = "gpu")]
use super::gpu::{self, Styles};

/// What the caller wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KernelChoice {
    /// The fastest, by measuring.
    Measured,
    /// What was the fastest at an earlier load, if it still can be used.
    Remembered(String),
    /// These and no others.
    Fixed(String),
    /// Those that every device can run.
    Safe,
}

/// Why no shaders were selected.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    /// The device cannot use the ones that were asked for.
    #[error(
        "this device cannot use the kernels \"{0}\", or gets known values wrong with them; leave kernels away to have the fastest that it can use"
    )]
    Unusable(String),
    /// Known values come out wrong with all of them.
    #[error("the device gets known values wrong with every shader")]
    AllWrong,
    /// The device failed.
    #[error("{0}")]
    Device(String),
}

/// Selects the shaders of `device`, and gives their name; `None` for a device that has no choice. `now` gives
/// milliseconds.
pub async fn select(
    device: &Device,
    choice: &KernelChoice,
    now: &dyn Fn() -> f64,
) -> Result<Option<String>, SelectionError> {
    match device.as_dispatch() {
        #[cfg(feature = "gpu")]
        DispatchDevice::Cube(gpu) => gpu::select::select(gpu, device, choice, now).await.map(|s| Some(s.name())),
        _ => {
            let _ = (choice, now);
            Ok(None)
        }
    }
}

/// Tells whether `device` was opened with subgroups, which some of the shaders need.
pub fn set_subgroups(device: &Device, subgroups: bool) {
    match device.as_dispatch() {
        #[cfg(feature = "gpu")]
        DispatchDevice::Cube(gpu) => gpu::state_of(gpu).set_subgroups(subgroups),
        _ => {
            let _ = subgroups;
        }
    }
}

/// Whether this names shaders: one style, or one each for few, middle and many rows with slashes between them.
#[cfg(feature = "gpu")]
pub fn is_known(name: &str) -> bool {
    Styles::from_name(name).is_some()
}

/// Without a GPU there are none to name.
#[cfg(not(feature = "gpu"))]
pub fn is_known(_: &str) -> bool {
    false
}

/// The names of single styles.
pub fn names() -> Vec<&'static str> {
    #[cfg(feature = "gpu")]
    return gpu::Style::ALL.map(gpu::Style::name).to_vec();
    #[cfg(not(feature = "gpu"))]
    Vec::new()
}

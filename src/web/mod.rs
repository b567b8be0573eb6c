//! The only room that knows a browser: bindings, fetch, the device, the worker's event loop.

mod bindings;
mod cache;
mod clock;
mod constructors;
mod device;
mod download;
mod error;
mod load;
mod loaded_model;
mod model;
#[cfg(not(feature = "gpu"))]
mod no_webgpu;
mod open_device;
mod pictures;
mod storage;
#[cfg(feature = "test-hooks")]
mod test_hooks;
mod transport;
#[cfg(feature = "gpu")]
mod webgpu;

pub use bindings::WorkerEngine;

//! The only room that knows a browser: bindings, fetch, the device, the worker's event loop.

mod bindings;
mod cache;
mod clock;
mod constructors;
mod device;
mod download;
mod error;
mod load;
mod model;
mod pictures;
mod storage;
#[cfg(feature = "test-hooks")]
mod test_hooks;
mod transport;
#[cfg(feature = "gpu")]
mod webgpu;
#[cfg(not(feature = "gpu"))]
#[path = "no_webgpu.rs"]
mod webgpu;

pub use bindings::Engine;

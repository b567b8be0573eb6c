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
mod selfcheck;
mod storage;
mod transport;

pub use bindings::Engine;

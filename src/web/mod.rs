//! The only room that knows a browser: bindings, fetch, the device, the worker's event loop.

mod bindings;
mod clock;
mod device;
mod error;
mod http;
mod model;
mod pictures;
mod selfcheck;

pub use bindings::Engine;

//! Where a browser keeps files: OPFS, the Cache API, or memory.

mod blob;
mod cache_api;
mod choose;
mod estimate;
mod js;
mod locks;
mod memory;
mod opfs;

pub use blob::BlobFolder;
pub use choose::{MEMORY, memory, open, persistent};
pub use js::{get, global, options};
pub use web_sys::Blob;

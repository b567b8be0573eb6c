//! Where weights come from, and what they are. Knows names, shapes and bytes, and nothing of the model's insides.
//!
//! Everything here reads foreign bytes: limits are constants, lengths are checked before they are used, and what is
//! wrong is said with the file and the tensor named.

mod blocks;
mod checkpoint;
pub mod download;
mod dtype;
mod error;
pub mod gguf;
#[cfg(not(target_arch = "wasm32"))]
mod native;
mod safetensors;
mod source;
#[cfg(not(target_arch = "wasm32"))]
mod url;

#[cfg(test)]
mod tests;

pub use blocks::quantize;
pub use checkpoint::{Checkpoint, Raw};
pub use dtype::DType;
pub use error::WeightsError;
#[cfg(not(target_arch = "wasm32"))]
pub use native::{DirectoryFolder, FileSource};
pub use safetensors::{MAX_HEADER_BYTES, TensorInfo};
pub use source::{Folder, LocalBoxFuture, MemoryFolder, MemorySource, Source, read_required, read_whole};
#[cfg(not(target_arch = "wasm32"))]
pub use url::{UrlFolder, fetch};

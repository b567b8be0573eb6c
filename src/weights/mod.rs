//! Where weights come from, and what they are. Knows names, shapes and bytes, and nothing of the model's insides.
//!
//! Everything here reads foreign bytes: limits are constants, lengths are checked before they are used, and what is
//! wrong is said with the file and the tensor named.

mod checkpoint;
mod dtype;
mod error;
#[cfg(not(target_arch = "wasm32"))]
mod native;
mod q8_0;
mod safetensors;
mod source;

#[cfg(test)]
mod tests;

pub use checkpoint::Checkpoint;
pub use dtype::DType;
pub use error::WeightsError;
#[cfg(not(target_arch = "wasm32"))]
pub use native::{DirectoryFolder, FileSource};
pub use q8_0::quantize_q8_0;
pub use safetensors::{MAX_HEADER_BYTES, TensorInfo};
pub use source::{Folder, LocalBoxFuture, MemoryFolder, MemorySource, Source, read_required, read_whole};

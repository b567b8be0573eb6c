//! Where weights come from, and what they are. Knows names, shapes and bytes, and nothing of the model's insides.
//!
//! Everything here reads foreign bytes: limits are constants, lengths are checked before they are used, and what is
//! wrong is said with the file and the tensor named.

mod blocks;
mod checkpoint;
mod dtype;
pub mod gguf;
mod safetensors;

#[cfg(test)]
mod tests;

pub use blocks::quantize;
pub use checkpoint::{Checkpoint, Raw};
pub use dtype::DType;
pub use safetensors::{MAX_HEADER_BYTES, TensorInfo};

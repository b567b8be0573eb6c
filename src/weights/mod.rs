//! What files of weights hold: the GGUF and safetensors formats, quantized blocks, tensor names. Knows names, shapes and
//! bytes, and nothing of the model's structure.
//!
//! Everything here reads untrusted bytes: limits are constants, lengths are checked before they are used, and errors
//! name the file and the tensor.

mod blocks;
mod checkpoint;
mod dtype;
mod error;
pub mod gguf;
mod limits;
mod raw_tensor;
mod safetensors;
mod shards;

#[cfg(test)]
mod tests;

pub use blocks::quantize;
pub use checkpoint::Checkpoint;
pub use dtype::DType;
pub use error::WeightsError;
pub use limits::MAX_HEADER_BYTES;
pub use raw_tensor::RawTensor;
pub use safetensors::TensorInfo;
pub use shards::{SINGLE_FILE, open_safetensors};

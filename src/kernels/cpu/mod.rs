//! The CPU halves of the operations, over burn-flex's tensors.

pub mod activation;
pub mod attention;
pub mod copy;
pub mod disentangled;
mod math;
pub mod matmul;
pub mod mean;
pub mod norm;
mod packed;
mod product;
pub mod rotate;
mod tensor;
mod values;
#[cfg(target_arch = "wasm32")]
mod vectors;

pub use tensor::{empty, reshape, upload};
pub use values::Values;

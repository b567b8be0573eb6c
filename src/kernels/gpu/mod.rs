//! The GPU halves of the operations: shaders, launched through cubecl on burn's tensors.

pub mod activation;
pub mod attention;
pub mod copy;
mod device;
pub mod disentangled;
mod launch;
pub mod matmul;
pub mod mean;
pub mod norm;
pub mod rotate;
pub mod tensor;

pub use device::{DeviceState, state_of};

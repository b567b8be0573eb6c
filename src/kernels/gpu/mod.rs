//! The GPU halves of the operations: WGSL from `shaders/`, launched through cubecl on burn's tensors.

pub mod activation;
mod all;
pub mod attention;
pub mod copy;
mod device;
mod launch;
pub mod matmul;
pub mod mean;
pub mod norm;
pub mod rotate;
mod style;
pub mod tensor;

pub use all::shaders;
pub use device::{DeviceState, state_of};
pub use style::{Style, Styles};

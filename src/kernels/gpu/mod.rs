//! The GPU halves of the operations: WGSL from `shaders/`, launched through cubecl on burn's tensors.

pub mod activation;
pub mod attention;
pub mod copy;
mod device;
mod launch;
pub mod matmul;
pub mod norm;
pub mod rotate;
pub mod select;
mod style;
pub mod tensor;

pub use device::state_of;
pub use style::{Style, Styles};

use launch::Shader;

/// Every shader by its name and its whole text, for the checks that compile them.
pub fn shaders() -> Vec<(String, String)> {
    let all = [matmul::shaders(), attention::shaders(), norm::shaders(), copy::shaders()].into_iter().flatten();
    let all = all.chain([rotate::ROTATE, activation::ACTIVATION]);
    all.map(|shader: Shader| (shader.title(), shader.source())).collect()
}

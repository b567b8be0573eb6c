//! Every shader, for the checks that compile them.

use super::launch::Shader;
use super::{activation, attention, copy, matmul, mean, norm, rotate};

/// Every shader by its name and its whole text, for the checks that compile them.
pub fn shaders() -> Vec<(String, String)> {
    let all = [matmul::shaders(), attention::shaders(), norm::shaders(), copy::shaders()].into_iter().flatten();
    let all = all.chain([rotate::ROTATE, activation::ACTIVATION, mean::MEAN]);
    all.map(|shader: Shader| (shader.title(), shader.source())).collect()
}

//! The texts of the shaders, put together from the files in `shaders/`. They need no GPU backend: the checks that compile
//! them run without one.

pub mod attention;
pub mod matmul;
pub mod norm;
mod shader;
mod style;

pub use shader::{LIST_WORKGROUP, Shader};
pub use style::{AttentionKernel, MIDDLE_ROWS, Style, Styles};

/// Blocks of matrices.
pub const COPY: Shader = Shader::list("copy", &[include_str!("../../../shaders/copy.wgsl")]);
/// Rows of matrices.
pub const GATHER: Shader = Shader::list("gather", &[include_str!("../../../shaders/gather.wgsl")]);
/// Rotary positions.
pub const ROTATE: Shader = Shader::list("rotate", &[include_str!("../../../shaders/rotate.wgsl")]);
/// Element-wise operations.
pub const ACTIVATION: Shader = Shader::list("activation", &[include_str!("../../../shaders/activation.wgsl")]);

/// Means of runs of rows.
pub const MEAN: Shader = Shader::list("mean", &[include_str!("../../../shaders/mean.wgsl")]);

/// Every shader by its name and its whole text, for the checks that compile them.
pub fn shaders() -> Vec<(String, String)> {
    let all = [matmul::shaders(), attention::shaders(), norm::shaders()].into_iter().flatten();
    let all = all.chain([COPY, GATHER, ROTATE, ACTIVATION, MEAN]);
    all.map(|shader: Shader| (shader.title(), shader.source())).collect()
}

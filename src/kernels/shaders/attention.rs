//! The shaders of attention.

use super::shader::Shader;
use crate::kernels::params::MAX_HEAD;

/// For heads of so many words of four values.
pub const fn shader(words: usize, quads: bool) -> Shader {
    let shader = if quads {
        Shader::list("attention_quads", &[include_str!("../../../shaders/attention/quads.wgsl")])
    } else {
        Shader::list("attention_direct", &[include_str!("../../../shaders/attention/direct.wgsl")])
    };
    Shader { words: Some(words), quads, ..shader }
}

/// With relative positions.
pub const fn disentangled(words: usize) -> Shader {
    let text = &[include_str!("../../../shaders/attention/disentangled.wgsl")];
    Shader { words: Some(words), ..Shader::list("attention_disentangled", text) }
}

/// The smallest head, an odd one, and the largest.
pub fn shaders() -> Vec<Shader> {
    let of_width = |words| [shader(words, false), shader(words, true), disentangled(words)];
    [1, 18, MAX_HEAD / 4].into_iter().flat_map(of_width).collect()
}

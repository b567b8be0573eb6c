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

/// The smallest head, an odd one, and the largest.
pub fn shaders() -> Vec<Shader> {
    [1, 18, MAX_HEAD / 4].into_iter().flat_map(|words| [false, true].map(|quads| shader(words, quads))).collect()
}

//! The shaders of attention.

use super::shader::{LIST_WORKGROUP, Shader};
use super::style::AttentionKernel;
use crate::kernels::params::MAX_HEAD;

/// For heads of so many words of four values.
pub const fn shader(words: usize, style: AttentionKernel) -> Shader {
    let shader = match style {
        AttentionKernel::Direct => {
            Shader::list("attention_direct", &[include_str!("../../../shaders/attention/direct.wgsl")])
        }
        AttentionKernel::Quads => {
            Shader::list("attention_quads", &[include_str!("../../../shaders/attention/quads.wgsl")])
        }
        AttentionKernel::Tiled => {
            Shader::list("attention_tiled", &[include_str!("../../../shaders/attention/tiled.wgsl")])
        }
    };
    Shader { words: Some(words), quads: matches!(style, AttentionKernel::Quads), ..shader }
}

/// Queries of a workgroup: in a tile four invocations share a query, or two of them where heads are narrow.
pub const fn queries_of_workgroup(words: usize, style: AttentionKernel) -> usize {
    match style {
        AttentionKernel::Direct | AttentionKernel::Quads => LIST_WORKGROUP,
        AttentionKernel::Tiled if words <= 16 => 32,
        AttentionKernel::Tiled => 16,
    }
}

/// With relative positions.
pub const fn disentangled(words: usize) -> Shader {
    let text = &[include_str!("../../../shaders/attention/disentangled.wgsl")];
    Shader { words: Some(words), ..Shader::list("attention_disentangled", text) }
}

/// The smallest head, a usual one, an odd one, and the largest.
pub fn shaders() -> Vec<Shader> {
    let of_width = |words| {
        let [direct, quads, tiled] = AttentionKernel::ALL.map(|style| shader(words, style));
        [direct, quads, tiled, disentangled(words)]
    };
    [1, 16, 18, MAX_HEAD / 4].into_iter().flat_map(of_width).collect()
}

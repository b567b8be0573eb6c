//! Attention of queries to a shared prefix and to a range of the batch's own rows, with grouped heads.

use burn_cubecl::tensor::CubeTensor;

use super::device::state_of;
use super::launch::{LIST_WORKGROUP, Shader, shape};
use super::style::Style;
use crate::kernels::params::{AttentionSizes, MAX_HEAD};

/// For heads of so many words of four values.
const fn shader(words: usize, quads: bool) -> Shader {
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

/// `inputs`: queries, keys, values, keys and values of the prefix, ranges.
pub fn attention(inputs: [CubeTensor; 6], sizes: AttentionSizes, out: CubeTensor) -> CubeTensor {
    let [queries, all] = shape(&out);
    let AttentionSizes { heads, kv_heads, prefix, scale, linear_bias } = sizes;
    let sizes = [queries, heads, kv_heads, prefix].map(|size| size as u32);
    let dims = [&sizes[..], &[scale.to_bits(), u32::from(linear_bias)]].concat();
    // Distances are in one shader only: few models need them.
    let quads = !linear_bias && state_of(&out.device).styles().of(queries) == Style::Quads;
    shader(all / heads / 4, quads).launch(&inputs, out, &dims, [queries.div_ceil(LIST_WORKGROUP), heads])
}

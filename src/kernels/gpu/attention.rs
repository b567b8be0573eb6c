//! Attention of queries to a shared prefix and to a range of the batch's own rows, with grouped heads.

use burn_cubecl::tensor::CubeTensor;

use super::device::state_of;
use super::launch::shape;
use crate::kernels::params::AttentionSizes;
use crate::kernels::shaders::attention::{queries_of_workgroup, shader};
use crate::kernels::shaders::{AttentionKernel, MIDDLE_ROWS};

/// `inputs`: queries, keys, values, keys and values of the prefix, ranges.
pub fn attention(inputs: [CubeTensor; 6], sizes: AttentionSizes, out: CubeTensor) -> CubeTensor {
    let [queries, all] = shape(&out);
    let AttentionSizes { heads, kv_heads, prefix, scale, linear_bias } = sizes;
    let sizes = [queries, heads, kv_heads, prefix].map(|size| size as u32);
    let dims = [&sizes[..], &[scale.to_bits(), u32::from(linear_bias)]].concat();
    let words = all / heads / 4;
    let style = match state_of(&out.device).styles().attention {
        // Distances are not in this shader: few models need them.
        AttentionKernel::Quads if linear_bias => AttentionKernel::Direct,
        // A tile visits what any of its queries sees. Few queries are the last ones of as many documents, each of which it
        // would visit for all of them.
        AttentionKernel::Tiled if queries < MIDDLE_ROWS => AttentionKernel::Direct,
        style => style,
    };
    let groups = [queries.div_ceil(queries_of_workgroup(words, style)), heads];
    shader(words, style).launch(&inputs, out, &dims, groups)
}

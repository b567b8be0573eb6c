//! Attention of queries to a shared prefix and to a range of the batch's own rows, with grouped heads.

use burn_cubecl::tensor::CubeTensor;

use super::device::state_of;
use super::launch::shape;
use crate::kernels::params::AttentionSizes;
use crate::kernels::shaders::attention::shader;
use crate::kernels::shaders::{LIST_WORKGROUP, Style};

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

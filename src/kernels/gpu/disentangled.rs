//! Attention whose scores also depend on relative positions.

use burn_cubecl::tensor::CubeTensor;

use super::launch::shape;
use crate::kernels::params::DisentangledSizes;
use crate::kernels::shaders::LIST_WORKGROUP;
use crate::kernels::shaders::attention::disentangled;

/// `inputs`: queries, keys, values, relative positions as keys and as queries, ranges.
pub fn attention(inputs: [CubeTensor; 6], sizes: DisentangledSizes, out: CubeTensor) -> CubeTensor {
    let [rows, all] = shape(&out);
    let DisentangledSizes { heads, scale, rows: table, reach } = sizes;
    let dims = [&[rows as u32, heads as u32, scale.to_bits(), reach as u32][..], &table].concat();
    disentangled(all / heads / 4).launch(&inputs, out, &dims, [rows.div_ceil(LIST_WORKGROUP), heads])
}

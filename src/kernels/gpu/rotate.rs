//! Rotary positions of heads, which are RMS-normed first where the model does so.

use burn_cubecl::tensor::CubeTensor;

use super::launch::shape;
use crate::kernels::shaders::{LIST_WORKGROUP, ROTATE};

pub fn rotate(x: CubeTensor, weight: CubeTensor, angles: CubeTensor, norm: Option<f32>, out: CubeTensor) -> CubeTensor {
    let ([rows, all], width) = (shape(&out), shape(&angles)[1]);
    let heads = all / width;
    let dims = [rows as u32, heads as u32, width as u32, norm.unwrap_or(0.0).to_bits(), u32::from(norm.is_some())];
    ROTATE.launch(&[x, weight, angles], out, &dims, [rows.div_ceil(LIST_WORKGROUP), heads])
}

//! Blocks and rows of matrices, copied. The element type does not matter: everything is 32 bits wide.

use burn_cubecl::tensor::CubeTensor;

use super::launch::{grid, shape};
use crate::kernels::params::BlockCopy;
use crate::kernels::shaders::{COPY, GATHER, LIST_WORKGROUP};

pub fn copy_block(
    x: CubeTensor,
    out: CubeTensor,
    BlockCopy { shape: [rows, columns], from, to }: BlockCopy,
) -> CubeTensor {
    let (stride, out_stride) = (shape(&x)[1], shape(&out)[1]);
    let groups = grid((rows * columns).div_ceil(LIST_WORKGROUP));
    let dims = [rows, columns, from[0] * stride + from[1], stride, to[0] * out_stride + to[1], out_stride, groups[0]];
    COPY.launch(&[x], out, &dims.map(|size| size as u32), groups)
}

pub fn gather_rows(x: CubeTensor, indices: CubeTensor, out: CubeTensor) -> CubeTensor {
    let [count, columns] = shape(&out);
    let groups = grid((count * columns).div_ceil(LIST_WORKGROUP));
    GATHER.launch(&[x, indices], out, &[count as u32, columns as u32, groups[0] as u32], groups)
}

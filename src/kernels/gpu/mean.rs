//! Means of runs of rows.

use burn_cubecl::tensor::CubeTensor;

use super::launch::{grid, shape};
use crate::kernels::shaders::{LIST_WORKGROUP, MEAN};

pub fn rows(x: CubeTensor, ranges: CubeTensor, out: CubeTensor) -> CubeTensor {
    let [runs, columns] = shape(&out);
    let groups = grid((runs * columns).div_ceil(LIST_WORKGROUP));
    MEAN.launch(&[x, ranges], out, &[runs as u32, columns as u32, groups[0] as u32], groups)
}

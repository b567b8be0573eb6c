//! `x · wᵀ` for weights in f32 and in packed blocks of 8 and 4 bits.

use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;

use super::device::state_of;
use super::launch::{grid, shape};
use super::tensor::empty;
use crate::kernels::shaders::matmul::{ProductShader, SCALE, WeightFormat, product, reads_half};

pub fn f32(x: CubeTensor, weight: CubeTensor, out: CubeTensor) -> CubeTensor {
    launch(WeightFormat::F32, &[x, weight], out)
}

pub fn q8(x: CubeTensor, quants: CubeTensor, scales: CubeTensor, out: CubeTensor) -> CubeTensor {
    launch(WeightFormat::Q8, &[x, quants, scales], out)
}

pub fn q4(x: CubeTensor, quants: CubeTensor, scales: CubeTensor, out: CubeTensor) -> CubeTensor {
    launch(WeightFormat::Q4, &[x, quants, scales], out)
}

fn launch(format: WeightFormat, inputs: &[CubeTensor], out: CubeTensor) -> CubeTensor {
    let [m, n] = shape(&out);
    let k = shape(&inputs[0])[1];
    let style = state_of(&out.device).styles().of(m);
    let ProductShader { shader, tile } = product(format, style, m);
    let groups = [n.div_ceil(tile[1]), m.div_ceil(tile[0])];
    let dims = [m as u32, n as u32, k as u32];
    if !reads_half(style, m) {
        return shader.launch(inputs, out, &dims, groups);
    }
    let [scaled, scales] = scaled(&inputs[0]);
    shader.launch(&[&[scaled, scales], &inputs[1..]].concat(), out, &dims, groups)
}

/// The rows in half precision, and what each was divided by.
fn scaled(x: &CubeTensor) -> [CubeTensor; 2] {
    let [m, k] = shape(x);
    let scaled = empty(&[m, k / 2], DType::U32, &x.device);
    let scales = empty(&[m, 1], DType::F32, &x.device);
    let groups = grid(m);
    let dims = [m as u32, k as u32 / 4, groups[0] as u32];
    let scales = SCALE.launch(&[x.clone(), scaled.clone()], scales, &dims, groups);
    [scaled, scales]
}

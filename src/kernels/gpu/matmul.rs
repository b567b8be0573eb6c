//! `x · wᵀ` for weights in f32 and in packed blocks of 8 and 4 bits.

use burn_cubecl::tensor::CubeTensor;

use super::device::state_of;
use super::launch::shape;
use crate::kernels::shaders::matmul::{WeightFormat, shader};

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
    let groups = [n, m].map(|extent| extent.div_ceil(style.tile()));
    shader(format, style).launch(inputs, out, &[m as u32, n as u32, k as u32], groups)
}

//! `x · wᵀ` for weights in f32 and in packed blocks of 8 and 4 bits, with f32 activations and accumulation.
//!
//! The CPU half expands a panel of the weight's rows and multiplies it with all of x, so that a packed weight is
//! never held whole in f32 and its expansion is shared by all rows of x.

use burn_cubecl::tensor::CubeTensor;
use burn_flex::FlexTensor;

use super::cpu::{self, Values, View};
use super::gpu::{self, Shader};

/// Quants that share a scale.
pub const BLOCK: usize = 32;

/// Rows and columns of the output that one workgroup covers: 8×8 invocations, 4×4 each.
const TILE: usize = 32;

/// Rows of the weight that the CPU expands at a time: 64 rows of the widest weight are 3 MB.
const PANEL: usize = 64;

const F32: Shader =
    Shader { name: "matmul_f32", text: include_str!("../../shaders/matmul_f32.wgsl"), workgroup: (8, 8) };
const Q8: Shader = Shader { name: "matmul_q8", text: include_str!("../../shaders/matmul_q8.wgsl"), workgroup: (8, 8) };
const Q4: Shader = Shader { name: "matmul_q4", text: include_str!("../../shaders/matmul_q4.wgsl"), workgroup: (8, 8) };

fn launch(shader: Shader, x: CubeTensor, weight: Vec<CubeTensor>, out: CubeTensor) -> CubeTensor {
    let [m, n] = gpu::shape(&out);
    let k = gpu::shape(&x)[1];
    let inputs = [vec![x], weight].concat();
    shader.launch(inputs, out, &[m as u32, n as u32, k as u32], [n.div_ceil(TILE), m.div_ceil(TILE)])
}

pub(super) fn f32_gpu(x: CubeTensor, weight: CubeTensor, out: CubeTensor) -> CubeTensor {
    launch(F32, x, vec![weight], out)
}

pub(super) fn q8_gpu(x: CubeTensor, quants: CubeTensor, scales: CubeTensor, out: CubeTensor) -> CubeTensor {
    launch(Q8, x, vec![quants, scales], out)
}

pub(super) fn q4_gpu(x: CubeTensor, quants: CubeTensor, scales: CubeTensor, out: CubeTensor) -> CubeTensor {
    launch(Q4, x, vec![quants, scales], out)
}

pub(super) fn f32_cpu(x: FlexTensor, weight: FlexTensor, mut out: FlexTensor) -> FlexTensor {
    let ([m, k], n) = (cpu::shape(&x), cpu::shape(&weight)[0]);
    let (x, weight) = (Values::new(x), Values::new(weight));
    let a = View { values: x.f32(), row: k, column: 1 };
    let b = View { values: weight.f32(), row: 1, column: k };
    cpu::product([m, n, k], a, b, out.storage_mut(), n, false);
    out
}

pub(super) fn q8_cpu(x: FlexTensor, quants: FlexTensor, scales: FlexTensor, out: FlexTensor) -> FlexTensor {
    let k = cpu::shape(&x)[1];
    let (quants, scales) = (Values::new(quants), Values::new(scales));
    let (quants, scales): (&[i8], _) = (bytemuck::cast_slice(quants.u32()), scales.f32());
    let blocks = k / BLOCK;
    packed(x, out, |row, weight| {
        let quants = quants[row * k..][..k].chunks_exact(BLOCK);
        for ((weight, quants), scale) in weight.chunks_exact_mut(BLOCK).zip(quants).zip(&scales[row * blocks..]) {
            for (weight, &quant) in weight.iter_mut().zip(quants) {
                *weight = scale * f32::from(quant);
            }
        }
    })
}

pub(super) fn q4_cpu(x: FlexTensor, quants: FlexTensor, scales: FlexTensor, out: FlexTensor) -> FlexTensor {
    let k = cpu::shape(&x)[1];
    let (quants, scales) = (Values::new(quants), Values::new(scales));
    let (quants, scales): (&[u8], _) = (bytemuck::cast_slice(quants.u32()), scales.f32());
    let blocks = k / BLOCK;
    packed(x, out, |row, weight| {
        let quants = quants[row * k / 2..][..k / 2].chunks_exact(BLOCK / 2);
        let scales = scales[row * blocks * 2..].chunks_exact(2);
        for ((weight, quants), scale) in weight.chunks_exact_mut(BLOCK).zip(quants).zip(scales) {
            for (pair, &byte) in weight.chunks_exact_mut(2).zip(quants) {
                pair[0] = scale[0] * f32::from(byte & 15) + scale[1];
                pair[1] = scale[0] * f32::from(byte >> 4) + scale[1];
            }
        }
    })
}

/// Multiplies panel by panel; `expand` writes one row of the weight.
fn packed(x: FlexTensor, mut out: FlexTensor, expand: impl Fn(usize, &mut [f32])) -> FlexTensor {
    let ([m, k], n) = (cpu::shape(&x), cpu::shape(&out)[1]);
    let x = Values::new(x);
    let all: &mut [f32] = out.storage_mut();
    let mut panel = vec![0.0f32; PANEL.min(n) * k];
    for first in (0..n).step_by(PANEL) {
        let rows = PANEL.min(n - first);
        panel.chunks_exact_mut(k).take(rows).enumerate().for_each(|(i, weight)| expand(first + i, weight));
        let a = View { values: x.f32(), row: k, column: 1 };
        let b = View { values: &panel, row: 1, column: k };
        cpu::product([m, rows, k], a, b, &mut all[first..], n, false);
    }
    out
}

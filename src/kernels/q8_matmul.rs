//! Matrix product against a packed 8-bit weight (Q8_0 semantics), f32 activations and f32 accumulation.

use burn::backend::Dispatch;
use burn::tensor::{Int, Tensor};
use burn_cubecl::cubecl::prelude::{CubeCount, CubeDim, KernelId};
use burn_cubecl::cubecl::server::KernelArguments;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::template::{KernelSource, SourceKernel, SourceTemplate};
use burn_cubecl::tensor::CubeTensor;
use burn_flex::FlexTensor;

use super::SecondpassOps;

/// Quants that share a scale.
pub const BLOCK: usize = 32;

/// Rows and columns of the output that one workgroup of `shaders/q8_matmul.wgsl` covers: 8×8 invocations, 4×4 each.
const TILE: usize = 32;

/// `x [m, k] · wᵀ`, for `w [n, k]` given as `quants [n, k / 4]` (four little-endian signed bytes a word) and
/// `scales [n, k / 32]`.
pub fn q8_matmul(x: Tensor<2>, quants: Tensor<2, Int>, scales: Tensor<2>) -> Tensor<2> {
    let out = Tensor::empty([x.dims()[0], scales.dims()[0]], &x.device());
    q8_matmul_into(x, quants, scales, out)
}

/// [`q8_matmul`] into a tensor of the caller's, every element of which is overwritten.
pub fn q8_matmul_into(x: Tensor<2>, quants: Tensor<2, Int>, scales: Tensor<2>, out: Tensor<2>) -> Tensor<2> {
    let [m, k] = x.dims();
    let [n, blocks] = scales.dims();
    assert_eq!(k, blocks * BLOCK, "the weight's rows and x's rows differ in length");
    assert_eq!(quants.dims(), [n, k / 4], "quants and scales are of different weights");
    assert_eq!(out.dims(), [m, n], "the output has another shape");
    Tensor::from_dispatch(<Dispatch as SecondpassOps>::q8_matmul_into(
        x.into_dispatch(),
        quants.into_dispatch(),
        scales.into_dispatch(),
        out.into_dispatch(),
    ))
}

struct Shader;

impl KernelSource for Shader {
    fn source(&self) -> SourceTemplate {
        SourceTemplate::new(include_str!("../../shaders/q8_matmul.wgsl"))
    }

    fn id(&self) -> KernelId {
        KernelId::new::<Self>()
    }

    fn lang(&self) -> &'static str {
        "wgsl"
    }
}

pub(super) fn gpu(x: CubeTensor, quants: CubeTensor, scales: CubeTensor, out: CubeTensor) -> CubeTensor {
    let x = into_contiguous(x);
    let quants = into_contiguous(quants);
    let scales = into_contiguous(scales);
    let (m, n) = (out.meta.shape()[0], out.meta.shape()[1]);
    let k = x.meta.shape()[1];
    let client = out.client.clone();
    let dims = client.create_from_slice(bytemuck::cast_slice(&[m as u32, n as u32, k as u32, 0]));
    // 65,535 workgroups a dimension is the WebGPU floor: 2 million rows or columns, more than any weight has.
    let count = CubeCount::Static(n.div_ceil(TILE) as u32, m.div_ceil(TILE) as u32, 1);
    client.launch(
        Box::new(SourceKernel::new(Shader, CubeDim::new_2d(8, 8))),
        count,
        KernelArguments::new().with_buffers(vec![
            x.handle.clone().binding(),
            quants.handle.clone().binding(),
            scales.handle.clone().binding(),
            out.handle.clone().binding(),
            dims.binding(),
        ]),
    );
    out
}

pub(super) fn cpu(x: FlexTensor, quants: FlexTensor, scales: FlexTensor, mut out: FlexTensor) -> FlexTensor {
    let x = x.to_contiguous();
    let (quants, scales) = (quants.to_contiguous(), scales.to_contiguous());
    let n = out.layout().shape()[1];
    let k = x.layout().shape()[1];
    let x: &[f32] = x.storage();
    let quants: &[i8] = bytemuck::cast_slice(quants.storage::<u32>());
    let scales: &[f32] = scales.storage();
    let out_rows = out.storage_mut::<f32>();
    // A weight row is expanded once and then met by every row of x: the expansion is amortised over m.
    let mut weight = vec![0.0f32; k];
    for column in 0..n {
        let row_scales = &scales[column * (k / BLOCK)..][..k / BLOCK];
        let row_quants = &quants[column * k..][..k];
        for ((w, q), scale) in weight.chunks_exact_mut(BLOCK).zip(row_quants.chunks_exact(BLOCK)).zip(row_scales) {
            for (w, &q) in w.iter_mut().zip(q) {
                *w = scale * f32::from(q);
            }
        }
        for (a, out_row) in x.chunks_exact(k).zip(out_rows.chunks_exact_mut(n)) {
            out_row[column] = dot(a, &weight);
        }
    }
    out
}

/// Eight independent sums, so that the compiler may keep them in vector registers.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

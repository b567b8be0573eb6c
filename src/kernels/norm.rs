//! RMS norm of rows.

use burn_cubecl::tensor::CubeTensor;
use burn_flex::FlexTensor;

use super::cpu::{self, Values};
use super::gpu::{self, Shader};
use super::style::Style;

pub(super) const RMS: Shader = shader("rms_norm", &[include_str!("../../shaders/rms_norm.wgsl")], false);

/// One invocation a row, for processors that only play a GPU: their barriers are slow.
pub(super) const RMS_ROWS: Shader = shader("rms_norm_rows", &[include_str!("../../shaders/rms_norm_rows.wgsl")], false);

/// Four invocations a row.
pub(super) const RMS_QUADS: Shader =
    shader("rms_norm_quads", &[include_str!("../../shaders/rms_norm_quads.wgsl")], true);

const fn shader(name: &'static str, text: &'static [&'static str], quads: bool) -> Shader {
    Shader { name, text, words: None, workgroup: (64, 1), quads }
}

/// Workgroups in a row of the grid, below what every adapter takes.
const MAX_GROUPS: usize = 32_768;

/// Workgroups of a long list, in two dimensions.
pub(super) fn grid(groups: usize) -> [usize; 2] {
    [groups.min(MAX_GROUPS), groups.div_ceil(MAX_GROUPS)]
}

pub(super) fn gpu(x: CubeTensor, weight: CubeTensor, eps: f32, out: CubeTensor) -> CubeTensor {
    let [rows, width] = gpu::shape(&out);
    let (shader, groups) = match Style::current() {
        Style::Wide => (RMS_ROWS, grid(rows.div_ceil(64))),
        Style::Quads => (RMS_QUADS, grid(rows.div_ceil(16))),
        Style::Direct | Style::Tile => (RMS, grid(rows)),
    };
    let numbers = [rows as u32, width as u32, eps.to_bits(), groups[0] as u32];
    shader.launch(vec![x, weight], out, &numbers, groups)
}

pub(super) fn cpu(x: FlexTensor, weight: FlexTensor, eps: f32, mut out: FlexTensor) -> FlexTensor {
    let width = cpu::shape(&out)[1];
    let (x, weight) = (Values::new(x), Values::new(weight));
    for (x, out) in x.f32().chunks_exact(width).zip(out.storage_mut::<f32>().chunks_exact_mut(width)) {
        let scale = scale_of(x, eps);
        for ((out, x), weight) in out.iter_mut().zip(x).zip(weight.f32()) {
            *out = x * scale * weight;
        }
    }
    out
}

/// What makes the root of the mean square one.
pub(super) fn scale_of(x: &[f32], eps: f32) -> f32 {
    let mut sums = [0.0f32; 8];
    let chunks = x.chunks_exact(8);
    let rest: f32 = chunks.remainder().iter().map(|v| v * v).sum();
    for chunk in chunks {
        for (sum, v) in sums.iter_mut().zip(chunk) {
            *sum += v * v;
        }
    }
    let mean = (sums.iter().sum::<f32>() + rest) / x.len() as f32;
    1.0 / (mean + eps).sqrt()
}

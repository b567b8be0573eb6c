//! The heads of queries and keys: normed where the model does so, then rotated by their positions.

use burn_cubecl::tensor::CubeTensor;
use burn_flex::FlexTensor;

use super::cpu::{self, Values};
use super::gpu::{self, Shader};
use super::norm::scale_of;

pub(super) const ROTATE: Shader = Shader {
    name: "rotate",
    text: &[include_str!("../../shaders/rotate.wgsl")],
    words: None,
    workgroup: (64, 1),
    quads: false,
};

/// `eps` of the heads' norm; `None` if they are not normed.
pub(super) type HeadNorm = Option<f32>;

pub(super) fn gpu(
    x: CubeTensor,
    weight: CubeTensor,
    angles: CubeTensor,
    norm: HeadNorm,
    out: CubeTensor,
) -> CubeTensor {
    let [rows, all] = gpu::shape(&out);
    let width = gpu::shape(&angles)[1];
    let heads = all / width;
    let numbers = [rows as u32, heads as u32, width as u32, norm.unwrap_or(0.0).to_bits(), u32::from(norm.is_some())];
    ROTATE.launch(vec![x, weight, angles], out, &numbers, [rows.div_ceil(64), heads])
}

pub(super) fn cpu(
    x: FlexTensor,
    weight: FlexTensor,
    angles: FlexTensor,
    norm: HeadNorm,
    mut out: FlexTensor,
) -> FlexTensor {
    let (all, width) = (cpu::shape(&out)[1], cpu::shape(&angles)[1]);
    let (x, weight, angles) = (Values::new(x), Values::new(weight), Values::new(angles));
    let half = width / 2;
    let mut head = vec![0.0f32; width];
    let rows = x.f32().chunks_exact(all).zip(out.storage_mut::<f32>().chunks_exact_mut(all));
    for ((x, out), angles) in rows.zip(angles.f32().chunks_exact(width)) {
        let (cos, sin) = angles.split_at(half);
        for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            head.copy_from_slice(x);
            if let Some(eps) = norm {
                let scale = scale_of(x, eps);
                head.iter_mut().zip(weight.f32()).for_each(|(v, w)| *v *= scale * w);
            }
            let (a, b) = head.split_at(half);
            let (first, second) = out.split_at_mut(half);
            for i in 0..half {
                first[i] = a[i] * cos[i] - b[i] * sin[i];
                second[i] = b[i] * cos[i] + a[i] * sin[i];
            }
        }
    }
    out
}

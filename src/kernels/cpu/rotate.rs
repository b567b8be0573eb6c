//! Rotary positions of heads, which are RMS-normed first where the model does so.

use burn_flex::FlexTensor;

use super::norm::inverse_rms;
use super::values::{Values, shape};

pub fn rotate(
    x: FlexTensor,
    weight: FlexTensor,
    angles: FlexTensor,
    norm: Option<f32>,
    mut out: FlexTensor,
) -> FlexTensor {
    let (all, width) = (shape(&out)[1], shape(&angles)[1]);
    let (x, weight, angles) = (Values::new(x), Values::new(weight), Values::new(angles));
    let half = width / 2;
    let mut head = vec![0.0f32; width];
    let rows = x.f32().chunks_exact(all).zip(out.storage_mut::<f32>().chunks_exact_mut(all));
    for ((x, out), angles) in rows.zip(angles.f32().chunks_exact(width)) {
        let (cos, sin) = angles.split_at(half);
        for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            head.copy_from_slice(x);
            if let Some(eps) = norm {
                let scale = inverse_rms(x, eps);
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

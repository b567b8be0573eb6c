//! A panel of the weight's rows is expanded to f32 and multiplied with all of x: processors that run the native command
//! have the fastest products for floats.

use super::weight::PackedWeight;
use crate::kernels::cpu::product::{self, View};
use crate::kernels::params::BLOCK;

/// Rows of the weight that are expanded at a time: 64 rows of the widest weight are 3 MB.
const PANEL: usize = 64;

/// `out [m, n] = x [m, k] · wᵀ`.
pub fn product([m, n, k]: [usize; 3], x: &[f32], weight: &impl PackedWeight, out: &mut [f32]) {
    let mut panel = vec![0.0f32; PANEL.min(n) * k];
    let mut quants = vec![0i16; k];
    for first in (0..n).step_by(PANEL) {
        let rows = PANEL.min(n - first);
        for (i, row) in panel.chunks_exact_mut(k).take(rows).enumerate() {
            weight.quants(first + i, &mut quants);
            for (block, (values, quants)) in row.chunks_exact_mut(BLOCK).zip(quants.chunks_exact(BLOCK)).enumerate() {
                let (scale, minimum) = weight.scale(first + i, block);
                values.iter_mut().zip(quants).for_each(|(v, &q)| *v = scale * f32::from(q) + minimum);
            }
        }
        let a = View { values: x, row: k, column: 1 };
        let b = View { values: &panel, row: 1, column: k };
        product::product([m, rows, k], a, b, &mut out[first..], n, false);
    }
}

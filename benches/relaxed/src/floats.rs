//! A product in f32, with fused multiplication and addition or without: the same loops, so that nothing else differs.

use std::arch::wasm32::*;

use crate::kernels::cpu::vectors::{load, store};

const ROWS: usize = 4;
const COLUMNS: usize = 8;

/// `out [m, n] = x [m, k] · wᵀ`.
pub fn product<const FUSED: bool>([m, n, k]: [usize; 3], x: &[f32], weight: &[f32], out: &mut [f32]) {
    let mut panel = vec![[0.0f32; COLUMNS]; k];
    for first in (0..n).step_by(COLUMNS) {
        let columns = COLUMNS.min(n - first);
        for (column, row) in weight[first * k..].chunks_exact(k).take(columns).enumerate() {
            panel.iter_mut().zip(row).for_each(|(panel, &value)| panel[column] = value);
        }
        for at in (0..m).step_by(ROWS) {
            // Rows past the end are the last one again.
            let rows: [&[f32]; ROWS] = std::array::from_fn(|i| &x[(at + i).min(m - 1) * k..][..k]);
            let mut sum = [[f32x4_splat(0.0); 2]; ROWS];
            for (i, words) in panel.iter().enumerate() {
                let weights = [load(&words[..4]), load(&words[4..])];
                for (sum, row) in sum.iter_mut().zip(rows) {
                    let x = f32x4_splat(row[i]);
                    for (sum, weights) in sum.iter_mut().zip(weights) {
                        *sum = if FUSED {
                            f32x4_relaxed_madd(x, weights, *sum)
                        } else {
                            f32x4_add(*sum, f32x4_mul(x, weights))
                        };
                    }
                }
            }
            for (i, halves) in sum.into_iter().enumerate().take(m - at) {
                let mut values = [0.0; COLUMNS];
                for (four, half) in values.as_chunks_mut::<4>().0.iter_mut().zip(halves) {
                    store(half, four);
                }
                out[(at + i) * n + first..][..columns].copy_from_slice(&values[..columns]);
            }
        }
    }
}

/// The same by the crate that the package computes f32 with.
pub fn by_gemm([m, n, k]: [usize; 3], x: &[f32], weight: &[f32], out: &mut [f32]) {
    assert!(x.len() >= m * k && weight.len() >= n * k && out.len() >= m * n);
    let [n_stride, k_stride] = [n, k].map(|stride| stride as isize);
    // SAFETY: the three matrices lie within their slices, as was just checked, and `out` is borrowed alone.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n_stride,
            false,
            x.as_ptr(),
            1,
            k_stride,
            weight.as_ptr(),
            k_stride,
            1,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

//! Cases of products.

use super::case::{KernelCase, KernelRun, TOLERANCE};
use super::inputs::{RandomNumbers, matrix, words};
use crate::kernels::{BLOCK, matmul_into, matmul_q4_into, matmul_q8_into};

/// How the weight is stored.
#[derive(Clone, Copy, PartialEq)]
pub enum WeightKind {
    F32,
    Q8,
    Q4,
}

/// Rows of values up to 1.
pub fn product_case(shape: (usize, usize, usize), kind: WeightKind) -> KernelCase {
    let (m, _, k) = shape;
    case_of(shape, kind, numbers_of(shape).floats(m * k), "")
}

/// Rows of values up to 1, of which two are some thousands, as in Qwen's models: their squares and sums exceed half precision.
pub fn outlier_case(shape: (usize, usize, usize), kind: WeightKind) -> KernelCase {
    let (m, _, k) = shape;
    let mut x = numbers_of(shape).floats(m * k);
    for row in x.chunks_exact_mut(k) {
        row[k / 3] = OUTLIER;
        row[k - 1] *= -OUTLIER;
    }
    case_of(shape, kind, x, " outliers")
}

const OUTLIER: f32 = 1e4;

fn numbers_of((m, n, k): (usize, usize, usize)) -> RandomNumbers {
    RandomNumbers((m * 31 + n * 17 + k) as u32)
}

fn case_of((m, n, k): (usize, usize, usize), kind: WeightKind, x: Vec<f32>, what: &str) -> KernelCase {
    // Others than those of the rows.
    let mut numbers = RandomNumbers((m * 29 + n * 19 + k) as u32);
    let dense = numbers.floats(n * k);
    // The whole range of the quants, -128 included.
    let quants: Vec<u32> = (0..n * k / 4).map(|_| numbers.bits() << 8 ^ numbers.bits()).collect();
    let scales: Vec<f32> = numbers.floats(2 * n * k.div_ceil(BLOCK)).iter().map(|v| v * 0.01).collect();
    let value = {
        let (dense, quants, scales) = (dense.clone(), quants.clone(), scales.clone());
        move |i: usize| match kind {
            WeightKind::F32 => f64::from(dense[i]),
            WeightKind::Q8 => f64::from(scales[i / BLOCK]) * f64::from((quants[i / 4] >> (8 * (i % 4))) as u8 as i8),
            WeightKind::Q4 => {
                let quant = quants[i / 8] >> (4 * (i % 8)) & 15;
                f64::from(scales[i / BLOCK * 2]) * f64::from(quant) + f64::from(scales[i / BLOCK * 2 + 1])
            }
        }
    };
    let largest_row = x.chunks_exact(k).map(|row| row.iter().map(|v| f64::from(v.abs())).sum()).fold(0.0, f64::max);
    let a = x.clone();
    let exact =
        move || (0..m * n).map(|i| (0..k).map(|j| f64::from(a[i / n * k + j]) * value(i % n * k + j)).sum()).collect();
    let run: KernelRun = Box::new(move |device, out| {
        let x = matrix(&x, [m, k], device);
        match kind {
            WeightKind::F32 => matmul_into(x, matrix(&dense, [n, k], device), out),
            WeightKind::Q8 => {
                let scales = matrix(&scales[..n * k / BLOCK], [n, k / BLOCK], device);
                matmul_q8_into(x, words(&quants, [n, k / 4], device), scales, out)
            }
            WeightKind::Q4 => {
                let scales = matrix(&scales, [n, 2 * k / BLOCK], device);
                matmul_q4_into(x, words(&quants[..n * k / 8], [n, k / 8], device), scales, out)
            }
        }
    });
    let (name, largest) = match kind {
        WeightKind::F32 => ("matmul_f32", 1.0),
        WeightKind::Q8 => ("matmul_q8", 1.28),
        WeightKind::Q4 => ("matmul_q4", 0.16),
    };
    let name = format!("{name} m={m} n={n} k={k}{what}");
    // Relative to the largest sum of absolute terms that there can be, of values up to 1 or of those there are.
    let tolerance = TOLERANCE * (k as f64).max(largest_row) * largest;
    KernelCase { name, tolerance, most: Some(largest_row * largest), shape: [m, n], run, exact: Box::new(exact) }
}

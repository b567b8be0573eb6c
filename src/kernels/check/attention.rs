//! Cases of attention.

use super::case::{KernelCase, KernelRun, TOLERANCE};
use super::inputs::{RandomNumbers, matrix, words};
use crate::kernels::params::linear_bias_slope;
use crate::kernels::{Heads, Keys, attention_into};

/// Which rows of its segment a row sees, and how their scores are changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Visibility {
    /// Those up to itself.
    Causal,
    /// All.
    Segment,
    /// Those that are no farther away.
    Window(usize),
    /// All, with scores lowered by distance.
    LinearBias,
}

impl Visibility {
    /// The first visible row and the one past the last, in a segment of `len` rows.
    fn range(self, row: usize, len: usize) -> [usize; 2] {
        match self {
            Self::Causal => [0, row + 1],
            Self::Segment | Self::LinearBias => [0, len],
            Self::Window(half) => [row.saturating_sub(half), len.min(row + half + 1)],
        }
    }
}

pub fn attention_case(
    prefix: usize,
    segments: &[usize],
    (queries, keys): (usize, usize),
    width: usize,
    visibility: Visibility,
) -> KernelCase {
    let rows: usize = segments.iter().sum();
    let mut numbers = RandomNumbers((prefix * 3 + rows + width) as u32);
    let kv = keys * width;
    // Queries of some size, so that attention chooses.
    let q: Vec<f32> = numbers.floats(rows * queries * width).iter().map(|v| v * 4.0).collect();
    let (k, v) = (numbers.floats(rows * kv), numbers.floats(rows * kv));
    let (pk, pv) = (numbers.floats(prefix * kv), numbers.floats(prefix * kv));
    let mut ranges = Vec::new();
    let mut start = 0;
    for &len in segments {
        for i in 0..len {
            ranges.extend(visibility.range(i, len).map(|row| (start + row) as u32));
        }
        start += len;
    }
    let linear_bias = visibility == Visibility::LinearBias;
    let exact = {
        let (q, k, v, pk, pv, ranges) = (q.clone(), k.clone(), v.clone(), pk.clone(), pv.clone(), ranges.clone());
        move || {
            let mut out = Vec::with_capacity(rows * queries * width);
            for row in 0..rows {
                for head in 0..queries {
                    let at = |values: &[f32], r: usize| -> Vec<f64> {
                        values[r * kv + head / (queries / keys) * width..][..width]
                            .iter()
                            .map(|&v| f64::from(v))
                            .collect()
                    };
                    let own = (ranges[row * 2] as usize)..(ranges[row * 2 + 1] as usize);
                    let slope = if linear_bias { f64::from(linear_bias_slope(head, queries)) } else { 0.0 };
                    let lowered = |r: usize| slope * r.abs_diff(row) as f64;
                    let seen = (0..prefix).map(|r| (at(&pk, r), at(&pv, r), 0.0));
                    let seen: Vec<_> = seen.chain(own.map(|r| (at(&k, r), at(&v, r), lowered(r)))).collect();
                    let q = &q[(row * queries + head) * width..][..width];
                    let score = |k: &[f64]| -> f64 {
                        q.iter().zip(k).map(|(&q, k)| f64::from(q) * k).sum::<f64>() / (width as f64).sqrt()
                    };
                    let weights: Vec<f64> = seen.iter().map(|(k, _, lowered)| (score(k) - lowered).exp()).collect();
                    let total: f64 = weights.iter().sum();
                    out.extend(
                        (0..width)
                            .map(|i| weights.iter().zip(&seen).map(|(w, (_, v, _))| w * v[i]).sum::<f64>() / total),
                    );
                }
            }
            out
        }
    };
    let run: KernelRun = Box::new(move |device, out| {
        let keys_of = |k: &[f32], v: &[f32], rows: usize| Keys {
            k: matrix(k, [rows, kv], device),
            v: matrix(v, [rows, kv], device),
        };
        let prefix = (prefix > 0).then(|| keys_of(&pk, &pv, prefix));
        let q = matrix(&q, [rows, queries * width], device);
        let ranges = words(&ranges, [rows, 2], device);
        attention_into(q, keys_of(&k, &v, rows), prefix, ranges, Heads { queries, keys, linear_bias }, out)
    });
    let name =
        format!("attention prefix={prefix} segments={segments:?} heads={queries}/{keys} width={width} {visibility:?}");
    KernelCase { name, tolerance: 10.0 * TOLERANCE, shape: [rows, queries * width], run, exact: Box::new(exact) }
}

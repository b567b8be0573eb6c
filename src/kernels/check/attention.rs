//! Cases of attention.

use super::case::{KernelCase, KernelRun, TOLERANCE};
use super::inputs::{RandomNumbers, matrix, words};
use crate::kernels::params::{DisentangledSizes, linear_bias_slope};
use crate::kernels::{Heads, Keys, RelativePositions, attention_into, disentangled_attention};

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
    KernelCase {
        name,
        tolerance: 10.0 * TOLERANCE,
        most: None,
        shape: [rows, queries * width],
        run,
        exact: Box::new(exact),
    }
}

/// Relative positions: each distance up to 3 has a row of its own, all others share the outermost.
pub fn disentangled_case(segments: &[usize], heads: usize, width: usize) -> KernelCase {
    const SPAN: usize = 4;
    let rows: usize = segments.iter().sum();
    let all = heads * width;
    let mut numbers = RandomNumbers((rows * 17 + width) as u32);
    let q: Vec<f32> = numbers.floats(rows * all).iter().map(|v| v * 4.0).collect();
    let (k, v) = (numbers.floats(rows * all), numbers.floats(rows * all));
    let (rk, rq) = (numbers.floats(2 * SPAN * all), numbers.floats(2 * SPAN * all));
    let ends = segments.iter().scan(0, |end, len| {
        *end += len;
        Some((*end - len, *end))
    });
    let ranges: Vec<u32> = ends.flat_map(|(start, end)| [start as u32, end as u32].repeat(end - start)).collect();
    let reach = rows + 3;
    let row_of = |at: usize| (at as i64 - (reach as i64 - 1) + SPAN as i64).clamp(0, 2 * SPAN as i64 - 1) as u32;
    let scale = (3.0 * width as f32).sqrt().recip();
    let sizes = DisentangledSizes { heads, scale, rows: (0..2 * reach - 1).map(row_of).collect(), reach };
    let exact = {
        let (q, k, v, rk, rq) = (q.clone(), k.clone(), v.clone(), rk.clone(), rq.clone());
        let (ranges, sizes) = (ranges.clone(), sizes.clone());
        move || {
            let at = |values: &[f32], row: usize, head: usize| -> Vec<f64> {
                values[row * all + head * width..][..width].iter().map(|&v| f64::from(v)).collect()
            };
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let mut out = Vec::with_capacity(rows * all);
            for row in 0..rows {
                for head in 0..heads {
                    let query = at(&q, row, head);
                    let seen = (ranges[2 * row] as usize)..(ranges[2 * row + 1] as usize);
                    let weight = |key: usize| {
                        let (own, position) = (at(&k, key, head), sizes.row(row, key));
                        let score = dot(&query, &own)
                            + dot(&query, &at(&rk, position, head))
                            + dot(&own, &at(&rq, position, head));
                        (score / (3.0 * width as f64).sqrt()).exp()
                    };
                    let weights: Vec<f64> = seen.clone().map(weight).collect();
                    let total: f64 = weights.iter().sum();
                    out.extend((0..width).map(|i| {
                        weights.iter().zip(seen.clone()).map(|(w, key)| w * at(&v, key, head)[i]).sum::<f64>() / total
                    }));
                }
            }
            out
        }
    };
    let run: KernelRun = Box::new(move |device, _| {
        let own = |values: &[f32]| matrix(values, [rows, all], device);
        let positions = |values: &[f32]| matrix(values, [2 * SPAN, all], device);
        let relative = RelativePositions { k: positions(&rk), q: positions(&rq) };
        let keys = Keys { k: own(&k), v: own(&v) };
        disentangled_attention(own(&q), keys, relative, words(&ranges, [rows, 2], device), sizes.clone())
    });
    let name = format!("disentangled_attention segments={segments:?} heads={heads} width={width}");
    KernelCase { name, tolerance: 10.0 * TOLERANCE, most: None, shape: [rows, all], run, exact: Box::new(exact) }
}

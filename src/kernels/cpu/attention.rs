//! Attention of queries to a shared prefix and to a range of the batch's own rows, with grouped heads.
//!
//! Ranges are what makes a batch of documents without padding possible: each query names the first row that it sees and
//! the one past the last, so that documents below each other do not see each other.

use burn_flex::FlexTensor;

use super::math::{exp, largest, sum};
use super::product::{View, product};
use super::values::{Values, shape};
use crate::kernels::params::{AttentionSizes, linear_bias_slope};

/// Scores held at a time.
const MAX_SCORES: usize = 1 << 20;

/// Queries computed together whose ranges start at different rows: what all of them see together is multiplied, so a few
/// waste little of a window, and make the products worth their while.
const WINDOW_QUERIES: usize = 32;

/// `inputs`: queries, keys, values, keys and values of the prefix, ranges.
pub fn attention(inputs: [FlexTensor; 6], sizes: AttentionSizes, mut out: FlexTensor) -> FlexTensor {
    let [queries, all] = shape(&out);
    let width = all / sizes.heads;
    let [q, k, v, prefix_k, prefix_v, ranges] = inputs.map(Values::new);
    let ranges: Vec<(usize, usize)> =
        ranges.u32().chunks_exact(2).take(queries).map(|r| (r[0] as usize, r[1] as usize)).collect();
    let all_out: &mut [f32] = out.storage_mut();
    let mut scores = Vec::new();
    for (first, count) in runs(&ranges, sizes.prefix) {
        let (start, end) = (ranges[first].0, ranges[first + count - 1].1);
        let own = end - start;
        let columns = sizes.prefix + own;
        scores.resize(count * columns, 0.0);
        for head in 0..sizes.heads {
            let kv_head = head / (sizes.heads / sizes.kv_heads);
            let key = |values| View { values, row: 1, column: sizes.kv_heads * width };
            let value = |values| View { values, row: sizes.kv_heads * width, column: 1 };
            let offset = kv_head * width;
            let own_at = start * sizes.kv_heads * width + offset;
            let queries = View { values: &q.f32()[first * all + head * width..], row: all, column: 1 };
            if sizes.prefix > 0 {
                let keys = key(&prefix_k.f32()[offset..]);
                product([count, sizes.prefix, width], queries, keys, &mut scores, columns, false);
            }
            let own_scores = &mut scores[sizes.prefix..];
            product([count, own, width], queries, key(&k.f32()[own_at..]), own_scores, columns, false);
            let slope = sizes.linear_bias.then(|| linear_bias_slope(head, sizes.heads));
            for (row, scores) in scores.chunks_exact_mut(columns).enumerate() {
                let (from, to) = (ranges[first + row].0 - start, ranges[first + row].1 - start);
                match slope {
                    None => softmax_seen(scores, sizes.prefix, [from, to], sizes.scale),
                    Some(slope) => {
                        let query = first + row - start;
                        for (key, score) in scores.iter_mut().enumerate() {
                            *score = *score * sizes.scale - slope * key.abs_diff(query) as f32;
                        }
                        softmax_seen(scores, 0, [from, to], 1.0);
                    }
                }
            }
            let weights = |from: usize| View { values: &scores[from..], row: columns, column: 1 };
            let out = &mut all_out[first * all + head * width..];
            product([count, width, own], weights(sizes.prefix), value(&v.f32()[own_at..]), out, all, false);
            if sizes.prefix > 0 {
                let values = value(&prefix_v.f32()[offset..]);
                product([count, width, sizes.prefix], weights(0), values, out, all, true);
            }
        }
    }
    out
}

/// Neighbouring queries, as many at a time as their scores leave room for. Where their ranges start at different rows, as
/// windows do, they are few.
fn runs(ranges: &[(usize, usize)], prefix: usize) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut first = 0;
    while first < ranges.len() {
        let start = ranges[first].0;
        let same = ranges[first..].iter().take_while(|r| r.0 == start).count();
        let most = if same > 1 { same } else { overlapping(&ranges[first..]) };
        let mut count = 1;
        while count < most && (count + 1) * (prefix + ranges[first + count].1 - start) <= MAX_SCORES {
            count += 1;
        }
        runs.push((first, count));
        first += count;
    }
    runs
}

/// The queries at the beginning that see something of what the first of them sees.
fn overlapping(ranges: &[(usize, usize)]) -> usize {
    let end = ranges[0].1;
    ranges.iter().take(WINDOW_QUERIES).take_while(|range| range.0 < end).count()
}

/// Softmax over the prefix and a range of the own rows; what is not seen becomes zero.
fn softmax_seen(scores: &mut [f32], prefix: usize, [from, to]: [usize; 2], scale: f32) {
    let before = prefix..prefix + from;
    scores[before.clone()].fill(f32::NEG_INFINITY);
    softmax(&mut scores[..prefix + to], scale);
    scores[before].fill(0.0);
    scores[prefix + to..].fill(0.0);
}

pub fn softmax(scores: &mut [f32], scale: f32) {
    let largest = largest(scores);
    for score in scores.iter_mut() {
        *score = exp((*score - largest) * scale);
    }
    let inverse = 1.0 / sum(scores, |score| score);
    scores.iter_mut().for_each(|score| *score *= inverse);
}

//! Attention of queries to a shared prefix and to a range of the batch's own rows, with grouped heads.
//!
//! A range is what makes a batch of documents without padding possible: each query names the first row that it sees and
//! the one past the last, so that documents below each other do not see each other.

use burn_cubecl::tensor::CubeTensor;
use burn_flex::FlexTensor;

use super::cpu::{self, Values, View};
use super::gate::exp;
use super::gpu::{self, Shader};
use super::style::Style;

/// For heads of so many words of four values.
pub(super) const fn shader(words: usize, quads: bool) -> Shader {
    let (name, text): (_, &[_]) = if quads {
        ("attention_quads", &[include_str!("../../shaders/attention_quads.wgsl")])
    } else {
        ("attention", &[include_str!("../../shaders/attention.wgsl")])
    };
    Shader { name, text, words: Some(words), workgroup: (64, 1), quads }
}

/// The widest head that the shader holds.
pub const MAX_HEAD: usize = 128;

/// Scores that the CPU half holds at a time.
const MAX_SCORES: usize = 1 << 20;

/// The tensors of one attention.
pub(super) struct Inputs<T> {
    pub q: T,
    pub k: T,
    pub v: T,
    pub prefix_k: T,
    pub prefix_v: T,
    pub ranges: T,
}

/// The sizes of one attention. `prefix` may be less than the rows of its tensors, which are never empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub heads: usize,
    pub kv_heads: usize,
    pub prefix: usize,
    pub scale: f32,
}

pub(super) fn gpu(inputs: Inputs<CubeTensor>, sizes: Sizes, out: CubeTensor) -> CubeTensor {
    let [queries, all] = gpu::shape(&out);
    let Sizes { heads, kv_heads, prefix, scale } = sizes;
    let numbers = [queries as u32, heads as u32, kv_heads as u32, prefix as u32, scale.to_bits()];
    let Inputs { q, k, v, prefix_k, prefix_v, ranges } = inputs;
    shader(all / heads / 4, Style::current() == Style::Quads).launch(
        vec![q, k, v, prefix_k, prefix_v, ranges],
        out,
        &numbers,
        [queries.div_ceil(64), heads],
    )
}

pub(super) fn cpu(inputs: Inputs<FlexTensor>, sizes: Sizes, mut out: FlexTensor) -> FlexTensor {
    let [queries, all] = cpu::shape(&out);
    let width = all / sizes.heads;
    let Inputs { q, k, v, prefix_k, prefix_v, ranges } = inputs;
    let (q, k, v) = (Values::new(q), Values::new(k), Values::new(v));
    let (prefix_k, prefix_v, ranges) = (Values::new(prefix_k), Values::new(prefix_v), Values::new(ranges));
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
                cpu::product([count, sizes.prefix, width], queries, keys, &mut scores, columns, false);
            }
            let own_scores = &mut scores[sizes.prefix..];
            cpu::product([count, own, width], queries, key(&k.f32()[own_at..]), own_scores, columns, false);
            for (row, scores) in scores.chunks_exact_mut(columns).enumerate() {
                let seen = sizes.prefix + ranges[first + row].1 - start;
                softmax(&mut scores[..seen], sizes.scale);
                scores[seen..].fill(0.0);
            }
            let weights = |from: usize| View { values: &scores[from..], row: columns, column: 1 };
            let out = &mut all_out[first * all + head * width..];
            cpu::product([count, width, own], weights(sizes.prefix), value(&v.f32()[own_at..]), out, all, false);
            if sizes.prefix > 0 {
                let values = value(&prefix_v.f32()[offset..]);
                cpu::product([count, width, sizes.prefix], weights(0), values, out, all, true);
            }
        }
    }
    out
}

/// Neighbouring queries that see from the same row on, as many at a time as their scores leave room for.
fn runs(ranges: &[(usize, usize)], prefix: usize) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut first = 0;
    while first < ranges.len() {
        let start = ranges[first].0;
        let same = ranges[first..].iter().take_while(|r| r.0 == start).count();
        let mut count = 1;
        while count < same && (count + 1) * (prefix + ranges[first + count].1 - start) <= MAX_SCORES {
            count += 1;
        }
        runs.push((first, count));
        first += count;
    }
    runs
}

fn softmax(scores: &mut [f32], scale: f32) {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for score in scores.iter_mut() {
        *score = exp((*score - largest) * scale);
    }
    let total: f32 = scores.iter().sum();
    let inverse = 1.0 / total;
    scores.iter_mut().for_each(|score| *score *= inverse);
}

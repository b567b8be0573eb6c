//! Attention whose scores also depend on relative positions (DeBERTa): of a query with the position of a key, and of a key
//! with the position of a query.

use burn_flex::FlexTensor;

use super::attention::softmax;
use super::product::{View, product};
use super::values::{Values, shape};
use crate::kernels::params::DisentangledSizes;

/// `inputs`: queries, keys, values, relative positions as keys and as queries, ranges.
pub fn attention(inputs: [FlexTensor; 6], sizes: DisentangledSizes, mut out: FlexTensor) -> FlexTensor {
    let [rows, all] = shape(&out);
    let width = all / sizes.heads;
    let positions = shape(&inputs[3])[0];
    let [q, k, v, relative_k, relative_q, ranges] = inputs.map(Values::new);
    let out_values: &mut [f32] = out.storage_mut();
    let (mut scores, mut by_query, mut by_key) = (Vec::new(), Vec::new(), Vec::new());
    let mut first = 0;
    while first < rows {
        // All rows of a pair see each other.
        let (start, end) = (ranges.u32()[2 * first] as usize, ranges.u32()[2 * first + 1] as usize);
        let count = end - start;
        scores.resize(count * count, 0.0);
        by_query.resize(count * positions, 0.0);
        by_key.resize(count * positions, 0.0);
        for head in 0..sizes.heads {
            let at = |row: usize| row * all + head * width;
            let [q, k, v] = [&q, &k, &v].map(|values| &values.f32()[at(start)..]);
            let [relative_k, relative_q] = [&relative_k, &relative_q].map(|values| &values.f32()[at(0)..]);
            product([count, count, width], rows_of(q, all), columns_of(k, all), &mut scores, count, false);
            let shape = [count, positions, width];
            product(shape, rows_of(q, all), columns_of(relative_k, all), &mut by_query, positions, false);
            product(shape, rows_of(k, all), columns_of(relative_q, all), &mut by_key, positions, false);
            for (query, scores) in scores.chunks_exact_mut(count).enumerate() {
                for (key, score) in scores.iter_mut().enumerate() {
                    let position = sizes.row(query, key);
                    *score += by_query[query * positions + position] + by_key[key * positions + position];
                }
                softmax(scores, sizes.scale);
            }
            let weights = View { values: &scores, row: count, column: 1 };
            let out = &mut out_values[start * all + head * width..];
            product([count, width, count], weights, rows_of(v, all), out, all, false);
        }
        first = end;
    }
    out
}

/// Rows that are `stride` apart.
fn rows_of(values: &[f32], stride: usize) -> View<'_> {
    View { values, row: stride, column: 1 }
}

/// The same as columns.
fn columns_of(values: &[f32], stride: usize) -> View<'_> {
    View { values, row: 1, column: stride }
}

//! The operations on tensors: shapes are checked, the output is allocated, the tensor's device decides which half runs.

use burn::backend::Dispatch;
use burn::tensor::{Int, Tensor};

use super::kernel_ops::KernelOps;
use super::params::{Activation, AttentionSizes, BLOCK, DisentangledSizes, MAX_HEAD};
use super::tensor::{empty, gather_rows, pad_columns, reshape, slice_columns, upload_words, zeros};

/// Values that the shaders read at a time.
const WORD: usize = 4;

fn empty_like(x: &Tensor<2>, columns: usize) -> Tensor<2> {
    empty([x.dims()[0], columns], &x.device())
}

/// `x [m, k] · wᵀ` for `w [n, k]` in f32; k is a multiple of 4.
pub fn matmul(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    let out = empty_like(&x, weight.dims()[0]);
    matmul_into(x, weight, out)
}

/// [`matmul`] into a given tensor.
pub fn matmul_into(x: Tensor<2>, weight: Tensor<2>, out: Tensor<2>) -> Tensor<2> {
    let ([m, k], [n, columns]) = (x.dims(), weight.dims());
    assert!(k == columns && k.is_multiple_of(WORD), "x has {k} columns, the weight {columns}");
    assert_eq!(out.dims(), [m, n], "the output has another shape");
    Tensor::from_dispatch(<Dispatch as KernelOps>::matmul_f32(
        x.into_dispatch(),
        weight.into_dispatch(),
        out.into_dispatch(),
    ))
}

/// `x [m, k] · wᵀ`, for `w [n, k]` given as `quants [n, k / 4]` (four little-endian signed bytes a word) and
/// `scales [n, k / 32]`: a value is scale times quant.
pub fn matmul_q8(x: Tensor<2>, quants: Tensor<2, Int>, scales: Tensor<2>) -> Tensor<2> {
    let out = empty_like(&x, scales.dims()[0]);
    matmul_q8_into(x, quants, scales, out)
}

/// [`matmul_q8`] into a given tensor.
pub fn matmul_q8_into(x: Tensor<2>, quants: Tensor<2, Int>, scales: Tensor<2>, out: Tensor<2>) -> Tensor<2> {
    let ([m, k], [n, blocks]) = (x.dims(), scales.dims());
    assert_eq!(k, blocks * BLOCK, "the weight's rows and x's rows differ in length");
    assert_eq!(quants.dims(), [n, k / 4], "quants and scales are of different weights");
    assert_eq!(out.dims(), [m, n], "the output has another shape");
    Tensor::from_dispatch(<Dispatch as KernelOps>::matmul_q8(
        x.into_dispatch(),
        quants.into_dispatch(),
        scales.into_dispatch(),
        out.into_dispatch(),
    ))
}

/// `x [m, k] · wᵀ`, for `w [n, k]` given as `quants [n, k / 8]` (eight nibbles a word, the lowest first) and
/// `scales [n, k / 16]`: scale and minimum of each block of 32; a value is scale times quant plus minimum.
pub fn matmul_q4(x: Tensor<2>, quants: Tensor<2, Int>, scales: Tensor<2>) -> Tensor<2> {
    let out = empty_like(&x, scales.dims()[0]);
    matmul_q4_into(x, quants, scales, out)
}

/// [`matmul_q4`] into a given tensor.
pub fn matmul_q4_into(x: Tensor<2>, quants: Tensor<2, Int>, scales: Tensor<2>, out: Tensor<2>) -> Tensor<2> {
    let ([m, k], [n, pairs]) = (x.dims(), scales.dims());
    assert_eq!(2 * k, pairs * BLOCK, "the weight's rows and x's rows differ in length");
    assert_eq!(quants.dims(), [n, k / 8], "quants and scales are of different weights");
    assert_eq!(out.dims(), [m, n], "the output has another shape");
    Tensor::from_dispatch(<Dispatch as KernelOps>::matmul_q4(
        x.into_dispatch(),
        quants.into_dispatch(),
        scales.into_dispatch(),
        out.into_dispatch(),
    ))
}

/// `x · rsqrt(mean(x²) + eps) · weight`, row by row.
pub fn rms_norm(x: Tensor<2>, weight: Tensor<1>, eps: f32) -> Tensor<2> {
    let out = empty_like(&x, x.dims()[1]);
    rms_norm_into(x, weight, eps, out)
}

/// [`rms_norm`] into a given tensor.
pub fn rms_norm_into(x: Tensor<2>, weight: Tensor<1>, eps: f32, out: Tensor<2>) -> Tensor<2> {
    assert_eq!(weight.dims(), [x.dims()[1]], "the weight has another width");
    assert_eq!(out.dims(), x.dims(), "the output has another shape");
    Tensor::from_dispatch(<Dispatch as KernelOps>::rms_norm(
        x.into_dispatch(),
        weight.into_dispatch(),
        eps,
        out.into_dispatch(),
    ))
}

/// `(x - mean(x)) · rsqrt(var(x) + eps) · weight + bias`, row by row.
pub fn layer_norm(x: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>, eps: f32) -> Tensor<2> {
    let out = empty_like(&x, x.dims()[1]);
    layer_norm_into(x, weight, bias, eps, out)
}

/// [`layer_norm`] into a given tensor.
pub fn layer_norm_into(x: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>, eps: f32, out: Tensor<2>) -> Tensor<2> {
    assert!(weight.dims() == [x.dims()[1]] && bias.dims() == weight.dims(), "weight or bias has another width");
    assert_eq!(out.dims(), x.dims(), "the output has another shape");
    Tensor::from_dispatch(<Dispatch as KernelOps>::layer_norm(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        eps,
        out.into_dispatch(),
    ))
}

/// Heads side by side in `x [rows, heads · width]`, each normed with `weight [width]` if `norm` gives an epsilon, and
/// rotated in half-split form by `angles [rows, width]`: the cosines of half the width, then the sines.
pub fn rotate(x: Tensor<2>, weight: Tensor<1>, angles: Tensor<2>, norm: Option<f32>) -> Tensor<2> {
    let out = empty_like(&x, x.dims()[1]);
    rotate_into(x, weight, angles, norm, out)
}

/// [`rotate`] into a given tensor.
pub fn rotate_into(x: Tensor<2>, weight: Tensor<1>, angles: Tensor<2>, norm: Option<f32>, out: Tensor<2>) -> Tensor<2> {
    let ([rows, all], [positions, width]) = (x.dims(), angles.dims());
    assert!(rows == positions && all.is_multiple_of(width) && width.is_multiple_of(2), "angles are of other heads");
    assert!(norm.is_none() || weight.dims() == [width], "the norm is of other heads");
    assert_eq!(out.dims(), x.dims(), "the output has another shape");
    Tensor::from_dispatch(<Dispatch as KernelOps>::rotate(
        x.into_dispatch(),
        weight.into_dispatch(),
        angles.into_dispatch(),
        norm,
        out.into_dispatch(),
    ))
}

/// `silu(gate) · up`.
pub fn silu_gate(gate: Tensor<2>, up: Tensor<2>) -> Tensor<2> {
    activate(gate, up, Activation::SiluGate)
}

/// `gelu(gate) · up`, in the tanh form.
pub fn gelu_tanh_gate(gate: Tensor<2>, up: Tensor<2>) -> Tensor<2> {
    activate(gate, up, Activation::GeluTanhGate)
}

/// `gelu(gate) · up`, by the error function.
pub fn gelu_gate(gate: Tensor<2>, up: Tensor<2>) -> Tensor<2> {
    activate(gate, up, Activation::GeluErfGate)
}

/// GELU in its tanh form.
pub fn gelu_tanh(x: Tensor<2>) -> Tensor<2> {
    let unread = unread(&x);
    activate(x, unread, Activation::GeluTanh)
}

/// GELU by the error function.
pub fn gelu(x: Tensor<2>) -> Tensor<2> {
    let unread = unread(&x);
    activate(x, unread, Activation::GeluErf)
}

/// GELU in its quick form, `x · logistic(1.702 x)`.
pub fn gelu_quick(x: Tensor<2>) -> Tensor<2> {
    let unread = unread(&x);
    activate(x, unread, Activation::GeluQuick)
}

/// `x + y`.
pub fn add(x: Tensor<2>, y: Tensor<2>) -> Tensor<2> {
    assert_eq!(x.dims(), y.dims(), "the summands differ in shape");
    activate(x, y, Activation::Sum)
}

/// `bias [columns]` added to every row of x.
pub fn add_bias(x: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    let [rows, columns] = x.dims();
    assert_eq!(bias.dims(), [columns], "the bias has another width");
    let bias = reshape(bias, [1, columns]);
    if columns.is_multiple_of(WORD) {
        return activate(x, bias, Activation::Sum);
    }
    // The shader repeats whole words only.
    add(x, gather_rows(bias, &vec![0; rows]))
}

/// A buffer for an input that is not read: no buffer may be bound twice.
fn unread(x: &Tensor<2>) -> Tensor<2> {
    zeros([1, WORD], &x.device())
}

/// Any element-wise operation. The shader computes four values at a time, across rows: only a tensor whose number of values
/// is no multiple of four, which no published model has, is padded first.
pub(super) fn activate(a: Tensor<2>, b: Tensor<2>, activation: Activation) -> Tensor<2> {
    let [rows, width] = a.dims();
    let count = rows * width;
    if count.is_multiple_of(WORD) {
        let out = empty_like(&a, width);
        return activate_into(a, b, activation, out);
    }
    let pad = |x: Tensor<2>| pad_columns(reshape(x, [1, count]), count.next_multiple_of(WORD));
    let b = if activation.reads_b() { pad(b) } else { b };
    reshape(slice_columns(activate(pad(a), b, activation), 0, count), [rows, width])
}

/// [`silu_gate`], [`gelu_tanh`], [`gelu`], [`gelu_quick`], [`add`] or [`add_bias`] into a given tensor, of a multiple of four values.
pub fn activate_into(a: Tensor<2>, b: Tensor<2>, activation: Activation, out: Tensor<2>) -> Tensor<2> {
    assert!(!activation.reads_b() || a.dims() == b.dims() || activation == Activation::Sum, "a and b differ in shape");
    assert_eq!(a.dims(), out.dims(), "the output has another shape");
    assert!(a.dims().iter().product::<usize>().is_multiple_of(WORD), "the number of values is no multiple of four");
    Tensor::from_dispatch(<Dispatch as KernelOps>::activate(
        a.into_dispatch(),
        b.into_dispatch(),
        activation,
        out.into_dispatch(),
    ))
}

/// Keys and values, heads side by side, `[rows, kv_heads · width]`.
#[derive(Debug, Clone)]
pub struct Keys {
    /// What queries are compared with.
    pub k: Tensor<2>,
    /// What is summed.
    pub v: Tensor<2>,
}

/// The heads of an attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// Of queries.
    pub queries: usize,
    /// Of keys and values, each shared by a group of query heads.
    pub keys: usize,
    /// Whether scores are lowered by distance (ALiBi). Queries are then the same rows as keys, without a prefix.
    pub linear_bias: bool,
}

/// Attention of `q [queries, heads · width]` to all of `prefix` and to the rows `ranges[i][0] .. ranges[i][1]` of `own`.
/// A range holds at least one row, and neither its start nor its end is less than that of the range before. The width is a
/// multiple of 4 and at most [`MAX_HEAD`].
pub fn attention(q: Tensor<2>, own: Keys, prefix: Option<Keys>, ranges: Tensor<2, Int>, heads: Heads) -> Tensor<2> {
    let out = empty_like(&q, q.dims()[1]);
    attention_into(q, own, prefix, ranges, heads, out)
}

/// [`attention()`] into a given tensor.
pub fn attention_into(
    q: Tensor<2>,
    own: Keys,
    prefix: Option<Keys>,
    ranges: Tensor<2, Int>,
    heads: Heads,
    out: Tensor<2>,
) -> Tensor<2> {
    let [queries, all] = q.dims();
    let width = all / heads.queries;
    let kv = heads.keys * width;
    assert!(width * heads.queries == all && width.is_multiple_of(WORD) && width <= MAX_HEAD, "heads of {width}");
    assert!(heads.queries.is_multiple_of(heads.keys), "{} query heads for {} of keys", heads.queries, heads.keys);
    assert!(own.k.dims()[1] == kv && own.v.dims() == own.k.dims(), "keys are of other heads");
    assert_eq!(ranges.dims(), [queries, 2], "every query needs a range");
    let same_rows = prefix.is_none() && own.k.dims()[0] == queries;
    assert!(!heads.linear_bias || same_rows, "distances are between rows of one matrix");
    assert_eq!(out.dims(), q.dims(), "the output has another shape");
    let rows = prefix.as_ref().map_or(0, |prefix| prefix.k.dims()[0]);
    // A binding is never empty: without a prefix one row is bound that is never read, and no buffer is bound twice.
    let prefix = prefix.unwrap_or_else(|| {
        let row = || zeros([1, kv], &q.device());
        Keys { k: row(), v: row() }
    });
    assert!(prefix.k.dims()[1] == kv && prefix.v.dims() == prefix.k.dims(), "the prefix is of other heads");
    let scale = (width as f32).sqrt().recip();
    Tensor::from_dispatch(<Dispatch as KernelOps>::attention(
        q.into_dispatch(),
        own.k.into_dispatch(),
        own.v.into_dispatch(),
        prefix.k.into_dispatch(),
        prefix.v.into_dispatch(),
        ranges.into_dispatch(),
        AttentionSizes {
            heads: heads.queries,
            kv_heads: heads.keys,
            prefix: rows,
            scale,
            linear_bias: heads.linear_bias,
        },
        out.into_dispatch(),
    ))
}

/// Attention of rows to the rows `ranges[i][0] .. ranges[i][1]`, of which each run that begins alike is square. To the
/// product of a query and a key are added that of the query with the row of `relative.k` for their distance, and that of
/// the key with the row of `relative.q`.
pub fn disentangled_attention(
    q: Tensor<2>,
    own: Keys,
    relative: RelativePositions,
    ranges: Tensor<2, Int>,
    sizes: DisentangledSizes,
) -> Tensor<2> {
    let out = empty_like(&q, q.dims()[1]);
    let [rows, all] = q.dims();
    let width = all / sizes.heads;
    assert!(width * sizes.heads == all && width.is_multiple_of(WORD) && width <= MAX_HEAD, "heads of {width}");
    assert!(own.k.dims() == q.dims() && own.v.dims() == q.dims(), "queries and keys are the same rows");
    let positions = relative.k.dims()[0];
    assert!(
        relative.k.dims() == [positions, all] && relative.q.dims() == relative.k.dims(),
        "positions of other heads"
    );
    assert!(sizes.rows.len() + 1 == 2 * sizes.reach, "a position for each distance");
    assert!(sizes.rows.iter().all(|&row| (row as usize) < positions), "a position beyond the table");
    assert_eq!(ranges.dims(), [rows, 2], "every query needs a range");
    Tensor::from_dispatch(<Dispatch as KernelOps>::disentangled_attention(
        q.into_dispatch(),
        own.k.into_dispatch(),
        own.v.into_dispatch(),
        relative.k.into_dispatch(),
        relative.q.into_dispatch(),
        ranges.into_dispatch(),
        sizes,
        out.into_dispatch(),
    ))
}

/// Relative positions as keys and as queries, heads side by side, `[positions, heads · width]`.
#[derive(Debug, Clone)]
pub struct RelativePositions {
    /// What queries are compared with.
    pub k: Tensor<2>,
    /// What keys are compared with.
    pub q: Tensor<2>,
}

/// The mean of the rows `ranges[i][0] .. ranges[i][1]` of `x`, for each range. A range holds at least one row.
pub fn mean_rows(x: Tensor<2>, ranges: &[[u32; 2]]) -> Tensor<2> {
    let [rows, columns] = x.dims();
    assert!(
        ranges.iter().all(|[start, end]| start < end && *end as usize <= rows),
        "a range that is empty or beyond x"
    );
    let out = empty([ranges.len(), columns], &x.device());
    let ranges = upload_words(ranges.concat(), [ranges.len(), 2], &x.device());
    Tensor::from_dispatch(<Dispatch as KernelOps>::mean_rows(
        x.into_dispatch(),
        ranges.into_dispatch(),
        out.into_dispatch(),
    ))
}

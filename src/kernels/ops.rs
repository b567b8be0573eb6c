//! The operations on tensors: shapes are checked, an output is allocated, the device decides which half runs.

use burn::backend::Dispatch;
use burn::tensor::{Int, Tensor};

use super::{Activation, BLOCK, MAX_HEAD, SecondpassOps};

fn like(x: &Tensor<2>, columns: usize) -> Tensor<2> {
    Tensor::empty([x.dims()[0], columns], &x.device())
}

/// `x [m, k] · wᵀ` for `w [n, k]` in f32; k is a multiple of 4.
pub fn matmul(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    let out = like(&x, weight.dims()[0]);
    matmul_into(x, weight, out)
}

/// [`matmul`] into a tensor of the caller's.
pub fn matmul_into(x: Tensor<2>, weight: Tensor<2>, out: Tensor<2>) -> Tensor<2> {
    let ([m, k], [n, columns]) = (x.dims(), weight.dims());
    assert!(k == columns && k.is_multiple_of(4), "x has {k} columns, the weight {columns}");
    assert_eq!(out.dims(), [m, n], "the output has another shape");
    Tensor::from_dispatch(<Dispatch as SecondpassOps>::matmul_f32(
        x.into_dispatch(),
        weight.into_dispatch(),
        out.into_dispatch(),
    ))
}

/// `x [m, k] · wᵀ`, for `w [n, k]` given as `quants [n, k / 4]` (four little-endian signed bytes a word) and
/// `scales [n, k / 32]`: a value is scale times quant.
pub fn matmul_q8(x: Tensor<2>, quants: Tensor<2, Int>, scales: Tensor<2>) -> Tensor<2> {
    let out = like(&x, scales.dims()[0]);
    matmul_q8_into(x, quants, scales, out)
}

/// [`matmul_q8`] into a tensor of the caller's.
pub fn matmul_q8_into(x: Tensor<2>, quants: Tensor<2, Int>, scales: Tensor<2>, out: Tensor<2>) -> Tensor<2> {
    let ([m, k], [n, blocks]) = (x.dims(), scales.dims());
    assert_eq!(k, blocks * BLOCK, "the weight's rows and x's rows differ in length");
    assert_eq!(quants.dims(), [n, k / 4], "quants and scales are of different weights");
    assert_eq!(out.dims(), [m, n], "the output has another shape");
    Tensor::from_dispatch(<Dispatch as SecondpassOps>::matmul_q8(
        x.into_dispatch(),
        quants.into_dispatch(),
        scales.into_dispatch(),
        out.into_dispatch(),
    ))
}

/// `x [m, k] · wᵀ`, for `w [n, k]` given as `quants [n, k / 8]` (eight nibbles a word, the lowest first) and
/// `scales [n, k / 16]`: scale and minimum of each block of 32; a value is scale times quant plus minimum.
pub fn matmul_q4(x: Tensor<2>, quants: Tensor<2, Int>, scales: Tensor<2>) -> Tensor<2> {
    let out = like(&x, scales.dims()[0]);
    matmul_q4_into(x, quants, scales, out)
}

/// [`matmul_q4`] into a tensor of the caller's.
pub fn matmul_q4_into(x: Tensor<2>, quants: Tensor<2, Int>, scales: Tensor<2>, out: Tensor<2>) -> Tensor<2> {
    let ([m, k], [n, pairs]) = (x.dims(), scales.dims());
    assert_eq!(2 * k, pairs * BLOCK, "the weight's rows and x's rows differ in length");
    assert_eq!(quants.dims(), [n, k / 8], "quants and scales are of different weights");
    assert_eq!(out.dims(), [m, n], "the output has another shape");
    Tensor::from_dispatch(<Dispatch as SecondpassOps>::matmul_q4(
        x.into_dispatch(),
        quants.into_dispatch(),
        scales.into_dispatch(),
        out.into_dispatch(),
    ))
}

/// `x · rsqrt(mean(x²) + eps) · weight`, row by row.
pub fn rms_norm(x: Tensor<2>, weight: Tensor<1>, eps: f32) -> Tensor<2> {
    let out = like(&x, x.dims()[1]);
    rms_norm_into(x, weight, eps, out)
}

/// [`rms_norm`] into a tensor of the caller's.
pub fn rms_norm_into(x: Tensor<2>, weight: Tensor<1>, eps: f32, out: Tensor<2>) -> Tensor<2> {
    assert_eq!(weight.dims(), [x.dims()[1]], "the weight has another width");
    assert_eq!(out.dims(), x.dims(), "the output has another shape");
    Tensor::from_dispatch(<Dispatch as SecondpassOps>::rms_norm(
        x.into_dispatch(),
        weight.into_dispatch(),
        eps,
        out.into_dispatch(),
    ))
}

/// Heads side by side in `x [rows, heads · width]`, each normed with `weight [width]` if `norm` gives an epsilon, and
/// rotated in half-split form by `angles [rows, width]`: the cosines of half the width, then the sines.
pub fn rotate(x: Tensor<2>, weight: Tensor<1>, angles: Tensor<2>, norm: Option<f32>) -> Tensor<2> {
    let out = like(&x, x.dims()[1]);
    rotate_into(x, weight, angles, norm, out)
}

/// [`rotate`] into a tensor of the caller's.
pub fn rotate_into(x: Tensor<2>, weight: Tensor<1>, angles: Tensor<2>, norm: Option<f32>, out: Tensor<2>) -> Tensor<2> {
    let ([rows, all], [places, width]) = (x.dims(), angles.dims());
    assert!(rows == places && all.is_multiple_of(width) && width.is_multiple_of(2), "angles are of other heads");
    assert!(norm.is_none() || weight.dims() == [width], "the norm is of other heads");
    assert_eq!(out.dims(), x.dims(), "the output has another shape");
    Tensor::from_dispatch(<Dispatch as SecondpassOps>::rotate(
        x.into_dispatch(),
        weight.into_dispatch(),
        angles.into_dispatch(),
        norm,
        out.into_dispatch(),
    ))
}

/// `silu(gate) · up`.
pub fn silu_gate(gate: Tensor<2>, up: Tensor<2>) -> Tensor<2> {
    activate(gate, up, Activation::Silu)
}

/// The tanh form of GELU.
pub fn gelu_tanh(x: Tensor<2>) -> Tensor<2> {
    // No buffer may be bound twice, so the second input, which is not read, is one of its own.
    let unused = Tensor::zeros([1, 4], &x.device());
    activate(x, unused, Activation::GeluTanh)
}

/// `x + y`.
pub fn add(x: Tensor<2>, y: Tensor<2>) -> Tensor<2> {
    activate(x, y, Activation::Sum)
}

/// Any of the three. The shader takes four values at a time, whatever the rows: only a tensor that is no whole number of
/// fours, which no published model has, is filled up with zeros first.
pub(super) fn activate(gate: Tensor<2>, up: Tensor<2>, activation: Activation) -> Tensor<2> {
    let [rows, width] = gate.dims();
    let count = rows * width;
    if count.is_multiple_of(4) {
        let out = like(&gate, width);
        return activate_into(gate, up, activation, out);
    }
    let whole = |x: Tensor<2>| {
        let zeros = Tensor::zeros([1, 4 - count % 4], &x.device());
        Tensor::cat(vec![x.reshape([1, count]), zeros], 1)
    };
    let up = if activation == Activation::GeluTanh { up } else { whole(up) };
    activate(whole(gate), up, activation).narrow(1, 0, count).reshape([rows, width])
}

/// [`silu_gate`], [`gelu_tanh`] or [`add`] into a tensor of the caller's, of a whole number of fours.
pub fn activate_into(gate: Tensor<2>, up: Tensor<2>, activation: Activation, out: Tensor<2>) -> Tensor<2> {
    assert!(activation == Activation::GeluTanh || gate.dims() == up.dims(), "gate and up differ in shape");
    assert_eq!(gate.dims(), out.dims(), "the output has another shape");
    assert!(gate.dims().iter().product::<usize>().is_multiple_of(4), "the values are no whole number of fours");
    Tensor::from_dispatch(<Dispatch as SecondpassOps>::activate(
        gate.into_dispatch(),
        up.into_dispatch(),
        activation,
        out.into_dispatch(),
    ))
}

/// Keys and values, heads side by side, `[rows, kv_heads · width]`.
#[derive(Debug, Clone)]
pub struct Keys {
    /// What is compared with queries.
    pub k: Tensor<2>,
    /// What is summed.
    pub v: Tensor<2>,
}

/// How many heads there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// Of queries.
    pub queries: usize,
    /// Of keys and values, each shared by a group of query heads.
    pub keys: usize,
}

/// Attention of `q [queries, heads · width]` to all of `prefix` and to the rows `ranges[i][0] .. ranges[i][1]` of `own`.
/// A range holds at least one row. The width is a multiple of 4 and at most [`MAX_HEAD`].
pub fn attention(q: Tensor<2>, own: Keys, prefix: Option<Keys>, ranges: Tensor<2, Int>, heads: Heads) -> Tensor<2> {
    let out = like(&q, q.dims()[1]);
    attention_into(q, own, prefix, ranges, heads, out)
}

/// [`attention()`] into a tensor of the caller's.
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
    assert!(width * heads.queries == all && width.is_multiple_of(4) && width <= MAX_HEAD, "heads of {width}");
    assert!(heads.queries.is_multiple_of(heads.keys), "the groups of heads differ");
    assert!(own.k.dims()[1] == kv && own.v.dims() == own.k.dims(), "keys are of other heads");
    assert_eq!(ranges.dims(), [queries, 2], "every query needs a range");
    assert_eq!(out.dims(), q.dims(), "the output has another shape");
    let rows = prefix.as_ref().map_or(0, |prefix| prefix.k.dims()[0]);
    // A binding is never empty: without a prefix one row is bound that is never read.
    let prefix = prefix.unwrap_or_else(|| {
        let nothing = Tensor::zeros([1, kv], &q.device());
        Keys { k: nothing.clone(), v: nothing + 0.0 }
    });
    assert!(prefix.k.dims()[1] == kv && prefix.v.dims() == prefix.k.dims(), "the prefix is of other heads");
    Tensor::from_dispatch(<Dispatch as SecondpassOps>::attention(
        q.into_dispatch(),
        own.k.into_dispatch(),
        own.v.into_dispatch(),
        prefix.k.into_dispatch(),
        prefix.v.into_dispatch(),
        ranges.into_dispatch(),
        [heads.queries, heads.keys, rows],
        (width as f32).sqrt().recip(),
        out.into_dispatch(),
    ))
}

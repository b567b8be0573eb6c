//! Blocks and rows of matrices, copied. The element type does not matter: everything is 32 bits wide.

use burn_flex::FlexTensor;

use super::values::{Values, shape, words_mut};
use crate::kernels::params::BlockCopy;

pub fn copy_block(
    x: FlexTensor,
    mut out: FlexTensor,
    BlockCopy { shape: [rows, columns], from, to }: BlockCopy,
) -> FlexTensor {
    let (stride, out_stride) = (shape(&x)[1], shape(&out)[1]);
    let x = Values::new(x);
    let (x, out_words) = (x.words(), words_mut(&mut out));
    for row in 0..rows {
        let source = &x[(from[0] + row) * stride + from[1]..][..columns];
        out_words[(to[0] + row) * out_stride + to[1]..][..columns].copy_from_slice(source);
    }
    out
}

pub fn gather_rows(x: FlexTensor, indices: FlexTensor, mut out: FlexTensor) -> FlexTensor {
    let columns = shape(&x)[1];
    let (x, indices) = (Values::new(x), Values::new(indices));
    let rows = words_mut(&mut out).chunks_exact_mut(columns);
    for (row, &index) in rows.zip(indices.u32()) {
        row.copy_from_slice(&x.words()[index as usize * columns..][..columns]);
    }
    out
}

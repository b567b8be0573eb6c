//! Tensors of burn-flex from and to values.

use burn::tensor::{Bytes, DType, Shape};
use burn_flex::{FlexTensor, Layout};
use bytemuck::Pod;

/// A tensor with these values.
pub fn upload<T: Pod + Send + Sync>(values: Vec<T>, shape: &[usize], dtype: DType) -> FlexTensor {
    FlexTensor::new(Bytes::from_elems(values), Layout::contiguous(Shape::from(shape.to_vec())), dtype)
}

/// A tensor whose values do not matter.
pub fn empty(shape: &[usize], dtype: DType) -> FlexTensor {
    FlexTensor::empty(Shape::from(shape.to_vec()), dtype)
}

/// The same values in another shape.
pub fn reshape(x: FlexTensor, shape: &[usize]) -> FlexTensor {
    x.to_contiguous().reshape(Shape::from(shape.to_vec()))
}

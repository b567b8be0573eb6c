//! The CPU halves of the operations, over burn-flex's tensors, and what they share: storage as slices, and one product of
//! matrices.

pub mod activation;
pub mod attention;
pub mod copy;
mod math;
pub mod matmul;
pub mod norm;
mod packed;
pub mod rotate;

use burn::tensor::{Bytes, DType, Shape};
use burn_flex::{FlexTensor, Layout};
use bytemuck::Pod;
use gemm::Parallelism;

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

/// A tensor whose values lie one after the other.
pub struct Values(FlexTensor);

impl Values {
    pub fn new(tensor: FlexTensor) -> Self {
        Self(tensor.to_contiguous())
    }

    pub fn f32(&self) -> &[f32] {
        self.0.storage()
    }

    pub fn u32(&self) -> &[u32] {
        self.0.storage()
    }

    /// The values as 32-bit words, whatever they are.
    pub fn words(&self) -> &[u32] {
        match self.0.dtype() {
            DType::F32 => bytemuck::cast_slice(self.f32()),
            _ => self.u32(),
        }
    }
}

/// The storage of an output as 32-bit words.
fn words_mut(tensor: &mut FlexTensor) -> &mut [u32] {
    match tensor.dtype() {
        DType::F32 => bytemuck::cast_slice_mut(tensor.storage_mut::<f32>()),
        _ => tensor.storage_mut(),
    }
}

/// Rows and columns.
pub fn shape(tensor: &FlexTensor) -> [usize; 2] {
    [tensor.layout().shape()[0], tensor.layout().shape()[1]]
}

/// A matrix within a slice: its start, and how far apart its rows and its columns are.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub values: &'a [f32],
    pub row: usize,
    pub column: usize,
}

/// `out [m, n] = (add ? out : 0) + a [m, k] · b [k, n]`; rows of `out` are `stride` apart.
pub fn product([m, n, k]: [usize; 3], a: View<'_>, b: View<'_>, out: &mut [f32], stride: usize, add: bool) {
    if m == 0 || n == 0 {
        return;
    }
    let last = |rows: usize, columns: usize, view: &View<'_>| (rows - 1) * view.row + (columns - 1) * view.column;
    assert!(k > 0 && last(m, k, &a) < a.values.len() && last(k, n, &b) < b.values.len());
    assert!((m - 1) * stride + n <= out.len());
    // SAFETY: every element that is touched lies within its slice, as was just checked, and `out` is borrowed alone.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            stride as isize,
            add,
            a.values.as_ptr(),
            a.column as isize,
            a.row as isize,
            b.values.as_ptr(),
            b.column as isize,
            b.row as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            parallelism(),
        );
    }
}

/// A page has one thread for us; the native command takes what the machine has.
fn parallelism() -> Parallelism {
    #[cfg(not(target_arch = "wasm32"))]
    return Parallelism::Rayon(0);
    #[cfg(target_arch = "wasm32")]
    return Parallelism::None;
}

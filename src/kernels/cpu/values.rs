//! The storage of tensors as slices.

use burn::tensor::DType;
use burn_flex::FlexTensor;

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
pub fn words_mut(tensor: &mut FlexTensor) -> &mut [u32] {
    match tensor.dtype() {
        DType::F32 => bytemuck::cast_slice_mut(tensor.storage_mut::<f32>()),
        _ => tensor.storage_mut(),
    }
}

/// Rows and columns.
pub fn shape(tensor: &FlexTensor) -> [usize; 2] {
    [tensor.layout().shape()[0], tensor.layout().shape()[1]]
}

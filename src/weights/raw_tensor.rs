//! Values in the encoding of the file.

use super::dtype::DType;

/// The values of a tensor, or of some of its rows, as the file stores them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawTensor {
    /// Their type.
    pub dtype: DType,
    /// Whole blocks of that type.
    pub bytes: Vec<u8>,
}

impl RawTensor {
    /// The values as f32.
    pub fn widen(&self) -> Vec<f32> {
        let mut values = Vec::with_capacity(self.bytes.len() / self.dtype.block_bytes() * self.dtype.block_len());
        self.dtype.widen(&self.bytes, &mut values);
        values
    }
}

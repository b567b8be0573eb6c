//! Where modules get their tensors.
//!
//! The constructor of a module requests each tensor by name and shape, and nowhere else are these written down. With a
//! source that reads a checkpoint it loads the module; with one that only records the requests it lists what a checkpoint
//! must hold.

use std::fmt::Display;

use burn::tensor::{Device, Tensor};

use super::embedding::EmbeddingTable;
use super::weight::LinearWeight;
use crate::weights::WeightsError;

/// Provides tensors by name and shape, as modules use them.
pub trait TensorSource {
    /// Where the tensors are put.
    fn device(&self) -> &Device;

    /// A matrix of `columns` columns, as separate matrices of `rows[0]`, `rows[1]`, … rows.
    async fn matrices(&self, name: &str, rows: &[usize], columns: usize) -> Result<Vec<LinearWeight>, WeightsError>;

    /// A vector, as separate vectors of `lens[0]`, `lens[1]`, … values.
    async fn vectors(&self, name: &str, lens: &[usize]) -> Result<Vec<Tensor<1>>, WeightsError>;

    /// The kernel of a convolution over patches, `[out, channels, frames, height, width]`, as a matrix of `out` rows.
    /// A file may hold it as one tensor for each frame.
    async fn patch_kernel(&self, name: &str, shape: [usize; 5]) -> Result<LinearWeight, WeightsError>;

    /// An embedding table.
    async fn embedding(&self, name: &str, shape: [usize; 2]) -> Result<EmbeddingTable, WeightsError>;

    /// Values that stay in host memory.
    async fn host_values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError>;
}

/// A place in the hierarchy of tensor names.
pub struct TensorScope<'a, S> {
    source: &'a S,
    path: String,
}

impl<'a, S: TensorSource> TensorScope<'a, S> {
    /// The top of the hierarchy.
    pub fn root(source: &'a S) -> Self {
        Self { source, path: String::new() }
    }

    /// A place below this one.
    pub fn at(&self, name: impl Display) -> Self {
        Self { source: self.source, path: self.name(name) }
    }

    /// Where tensors come from.
    pub fn source(&self) -> &'a S {
        self.source
    }

    /// The full name of the tensor `leaf` at this place.
    pub fn name(&self, leaf: impl Display) -> String {
        if self.path.is_empty() { leaf.to_string() } else { format!("{}.{leaf}", self.path) }
    }

    /// A vector at this place.
    pub async fn vector(&self, leaf: &str, len: usize) -> Result<Tensor<1>, WeightsError> {
        Ok(self.source.vectors(&self.name(leaf), &[len]).await?.swap_remove(0))
    }
}

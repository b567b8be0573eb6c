//! Where modules get their tensors.
//!
//! The constructor of a module requests each tensor by name and shape, and nowhere else are these written down. With a
//! source that reads a checkpoint it loads the module; with one that only records the requests it lists what a checkpoint
//! must hold. Both are known by a trait object: a copy of every constructor for each would be a part of each page's download.

use std::fmt::Display;

use burn::tensor::{Device, Tensor};

use super::embedding::EmbeddingTable;
use super::weight::LinearWeight;
use crate::bytes::LocalBoxFuture;
use crate::weights::WeightsError;

/// What a request for tensors gives.
pub type TensorFuture<'a, T> = LocalBoxFuture<'a, Result<T, WeightsError>>;

/// Provides tensors by name and shape, as modules use them.
pub trait TensorSource {
    /// Where the tensors are put.
    fn device(&self) -> &Device;

    /// A matrix of `columns` columns, as separate matrices of `rows[0]`, `rows[1]`, … rows.
    fn matrices<'a>(&'a self, name: &'a str, rows: &'a [usize], columns: usize) -> TensorFuture<'a, Vec<LinearWeight>>;

    /// A vector, as separate vectors of `lens[0]`, `lens[1]`, … values.
    fn vectors<'a>(&'a self, name: &'a str, lens: &'a [usize]) -> TensorFuture<'a, Vec<Tensor<1>>>;

    /// The kernel of a convolution over patches, `[out, channels, frames, height, width]`, as a matrix of `out` rows.
    /// A file may hold it as one tensor for each frame.
    fn patch_kernel<'a>(&'a self, name: &'a str, shape: [usize; 5]) -> TensorFuture<'a, LinearWeight>;

    /// An embedding table.
    fn embedding<'a>(&'a self, name: &'a str, shape: [usize; 2]) -> TensorFuture<'a, EmbeddingTable>;

    /// Values that stay in host memory.
    fn host_values<'a>(&'a self, name: &'a str, shape: &'a [usize]) -> TensorFuture<'a, Vec<f32>>;

    /// How the layers at `path` are read while the model computes; `None` where all of them are kept on the device.
    fn streamed(&self, path: &str) -> Option<StreamedLayers>;
}

/// How the layers of a list are read that are not kept on the device.
pub struct StreamedLayers {
    /// The number of first layers that are kept.
    pub kept: usize,
    /// Reads the others.
    pub reader: Box<dyn LayerReader>,
}

/// Reads layers from where they are stored.
pub trait LayerReader {
    /// For one layer.
    fn layer(&self) -> Box<dyn LayerTensors + '_>;
}

/// The tensors of one layer, which are all read at once: its constructor is called twice.
pub trait LayerTensors {
    /// Records what the constructor requests.
    fn recorder(&self) -> &dyn TensorSource;
    /// Reads that. The source that this gives has it.
    fn read(&self) -> TensorFuture<'_, Box<dyn TensorSource + '_>>;
}

/// A place in the hierarchy of tensor names.
pub struct TensorScope<'a> {
    source: &'a dyn TensorSource,
    path: String,
}

impl<'a> TensorScope<'a> {
    /// The top of the hierarchy.
    pub fn root(source: &'a dyn TensorSource) -> Self {
        Self { source, path: String::new() }
    }

    /// A place below this one.
    pub fn at(&self, name: impl Display) -> Self {
        Self { source: self.source, path: self.name(name) }
    }

    /// A place by its path.
    pub fn named(source: &'a dyn TensorSource, path: String) -> Self {
        Self { source, path }
    }

    /// The path of this place.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where tensors come from.
    pub fn source(&self) -> &'a dyn TensorSource {
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

//! Where modules get their tensors.
//!
//! The constructor of a module requests each tensor by name and shape, and nowhere else are these written down. With a
//! source that reads a checkpoint it loads the module; with one that only records the requests it lists what a checkpoint
//! must hold.

use std::fmt::Display;

use burn::tensor::{Device, Tensor};

use super::embedding::EmbeddingTable;
use super::weight::LinearWeight;
use crate::bytes::LocalBoxFuture;
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

    /// How the layers at `path` are read while the model computes; `None` where all of them are kept on the device.
    fn streamed<L: ListedLayer>(&self, path: &str, config: &L::Config) -> Option<StreamedLayers<L>>;
}

/// A layer that a list can hold.
pub trait ListedLayer: Sized + 'static {
    /// What all layers of a list are built with.
    type Config: Clone + 'static;

    /// The layer at `at`.
    async fn load<S: TensorSource>(at: &TensorScope<'_, S>, config: &Self::Config) -> Result<Self, WeightsError>;
}

/// Reads the layers of one list from where they are stored.
pub trait LayerReader<L> {
    /// A layer, on its device.
    fn read(&self, index: usize) -> LocalBoxFuture<'_, Result<L, WeightsError>>;
}

/// How the layers are read that are not kept on the device.
pub struct StreamedLayers<L> {
    /// The number of first layers that are kept.
    pub kept: usize,
    /// Reads the others.
    pub reader: Box<dyn LayerReader<L>>,
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

    /// A place by its path.
    pub fn named(source: &'a S, path: String) -> Self {
        Self { source, path }
    }

    /// The path of this place.
    pub fn path(&self) -> &str {
        &self.path
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

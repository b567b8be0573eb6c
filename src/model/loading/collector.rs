//! Lists the tensors that modules request, without reading any.

use std::cell::RefCell;

use burn::tensor::{Device, Tensor};

use super::spec::TensorSpec;
use crate::kernels::upload_vector;
use crate::model::layers::{EmbeddingTable, LinearWeight, ListedLayer, StreamedLayers, TensorSource};
use crate::model::tensor_map::TensorMap;
use crate::weights::DType;
use crate::weights::WeightsError;

/// Records each request and answers with an empty placeholder. Its futures are ready at once.
pub struct TensorCollector {
    device: Device,
    names: TensorMap,
    specs: RefCell<Vec<TensorSpec>>,
}

impl TensorCollector {
    pub fn new(names: TensorMap) -> Self {
        Self { device: Device::flex(), names, specs: RefCell::default() }
    }

    /// What was requested, in order.
    pub fn into_specs(self) -> Vec<TensorSpec> {
        self.specs.into_inner()
    }

    fn record(&self, name: &str, shape: &[usize], frames: Option<usize>) {
        let name = self.names.checkpoint_name(name).into_owned();
        self.specs.borrow_mut().push(TensorSpec { name, shape: shape.to_vec(), frames });
    }
}

impl TensorSource for TensorCollector {
    fn device(&self) -> &Device {
        &self.device
    }

    async fn matrices(&self, name: &str, rows: &[usize], columns: usize) -> Result<Vec<LinearWeight>, WeightsError> {
        self.record(name, &[rows.iter().sum(), columns], None);
        Ok(rows.iter().map(|_| LinearWeight::default()).collect())
    }

    async fn vectors(&self, name: &str, lens: &[usize]) -> Result<Vec<Tensor<1>>, WeightsError> {
        self.record(name, &[lens.iter().sum()], None);
        Ok(lens.iter().map(|_| upload_vector(vec![0.0], &self.device)).collect())
    }

    async fn patch_kernel(&self, name: &str, shape: [usize; 5]) -> Result<LinearWeight, WeightsError> {
        self.record(name, &shape, Some(shape[2]));
        Ok(LinearWeight::default())
    }

    async fn embedding(&self, name: &str, shape: [usize; 2]) -> Result<EmbeddingTable, WeightsError> {
        self.record(name, &shape, None);
        Ok(EmbeddingTable::on_host(DType::F32, 0, Vec::new()))
    }

    async fn host_values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        self.record(name, shape, None);
        Ok(Vec::new())
    }

    fn streamed<L: ListedLayer>(&self, _: &str, _: &L::Config) -> Option<StreamedLayers<L>> {
        None
    }
}

//! Loads tensors from a checkpoint to a device.

use std::cell::RefCell;
use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use futures_util::future::try_join_all;

use super::collector::TensorCollector;
use super::origin::WeightsOrigin;
use super::spec::TensorSpec;
use super::stored_rows::StoredRows;
use super::throttle::UploadThrottle;
use crate::kernels::{upload_bytes, upload_vector};
use crate::model::layers::{
    EmbeddingTable, LayerReader, LayerTensors, LinearWeight, StreamedLayers, TensorFuture, TensorSource,
};
use crate::model::placement::DeviceKind;
use crate::model::yielding::YieldPoint;
use crate::weights::{RawTensor, WeightsError};

/// Bytes of a part of an embedding table on the device. Larger parts cost more wasm memory while loading, smaller ones
/// more kernel launches at each lookup.
const TABLE_PART_BYTES: usize = 16 << 20;

const WORD: usize = size_of::<u32>();

/// Reads each requested tensor and moves it to the device.
pub struct CheckpointLoader<'a> {
    origin: &'a WeightsOrigin,
    /// What was read ahead, by the checkpoint's names.
    read: RefCell<BTreeMap<String, RawTensor>>,
    /// Of a whole model. Of layers that are read again each waits for the one before.
    throttle: Option<UploadThrottle<'a>>,
}

impl<'a> CheckpointLoader<'a> {
    /// For a whole model.
    pub fn new(origin: &'a WeightsOrigin, yield_point: &'a dyn YieldPoint) -> Self {
        let throttle = Some(UploadThrottle::new(&origin.device, yield_point));
        Self { origin, read: RefCell::default(), throttle }
    }

    /// For tensors that were read ahead.
    pub fn of_read(origin: &'a WeightsOrigin, read: BTreeMap<String, RawTensor>) -> Self {
        Self { origin, read: RefCell::new(read), throttle: None }
    }

    /// A whole tensor, by its name in the checkpoint.
    async fn raw(&self, name: &str, shape: &[usize]) -> Result<RawTensor, WeightsError> {
        let read = self.read.borrow_mut().remove(name);
        match read {
            Some(tensor) => Ok(tensor),
            None => self.origin.checkpoint.raw(name, shape).await,
        }
    }

    async fn uploaded(&self, bytes: usize) -> Result<(), WeightsError> {
        match &self.throttle {
            Some(throttle) => throttle.uploaded(bytes).await,
            None => Ok(()),
        }
    }

    /// The rows stay where they are.
    async fn table_in_file(&self, name: &str, shape: [usize; 2]) -> Result<EmbeddingTable, WeightsError> {
        let checkpoint = self.origin.checkpoint.clone();
        // The first row tells the type and the length of a row.
        let first = checkpoint.raw_rows(name, &shape, 0, 1.min(shape[0])).await?;
        let reader = StoredRows { checkpoint, name: name.to_owned(), shape };
        Ok(EmbeddingTable::in_file(first.dtype, shape[0], first.bytes.len(), Box::new(reader)))
    }

    /// In parts, so that the whole table is never in wasm memory.
    async fn table_on_device(&self, name: &str, shape: [usize; 2]) -> Result<EmbeddingTable, WeightsError> {
        let [rows, _] = shape;
        // The first row tells the type and the length of a row.
        let first = self.origin.checkpoint.raw_rows(name, &shape, 0, 1.min(rows)).await?;
        let (dtype, row_bytes) = (first.dtype, first.bytes.len());
        if row_bytes == 0 || !row_bytes.is_multiple_of(WORD) {
            return self.table_on_host(name, shape).await;
        }
        let rows_per_part = (TABLE_PART_BYTES / row_bytes).clamp(1, rows);
        let mut parts = Vec::with_capacity(rows.div_ceil(rows_per_part));
        for start in (0..rows).step_by(rows_per_part) {
            let count = rows_per_part.min(rows - start);
            let bytes = self.origin.checkpoint.raw_rows(name, &shape, start, count).await?.bytes;
            let len = bytes.len();
            // Both the file's values and the device's words are little-endian, so bytes are moved as they are.
            parts.push(upload_bytes(bytes, [count, row_bytes / WORD], &self.origin.device));
            self.uploaded(len).await?;
        }
        Ok(EmbeddingTable::on_device(dtype, rows, row_bytes, parts, rows_per_part))
    }

    async fn table_on_host(&self, name: &str, shape: [usize; 2]) -> Result<EmbeddingTable, WeightsError> {
        let raw = self.raw(name, &shape).await?;
        Ok(EmbeddingTable::on_host(raw.dtype, shape[0], raw.bytes))
    }

    /// `[out, channels, frames, height, width]` from one tensor `[out, channels, height, width]` for each frame.
    async fn join_frames(&self, name: &str, shape: [usize; 5]) -> Result<Vec<f32>, WeightsError> {
        let [out, channels, frames, height, width] = shape;
        let mut planes = Vec::with_capacity(frames);
        for frame in 0..frames {
            planes.push(self.origin.checkpoint.f32(&format!("{name}.{frame}"), &[out, channels, height, width]).await?);
        }
        let len = height * width;
        let joined = (0..out * channels).flat_map(|i| planes.iter().map(move |plane| &plane[i * len..(i + 1) * len]));
        Ok(joined.flatten().copied().collect())
    }
}

impl TensorSource for CheckpointLoader<'_> {
    fn device(&self) -> &Device {
        &self.origin.device
    }

    fn matrices<'a>(&'a self, name: &'a str, rows: &'a [usize], columns: usize) -> TensorFuture<'a, Vec<LinearWeight>> {
        Box::pin(async move {
            let total: usize = rows.iter().sum();
            let raw = self.raw(&self.origin.names.checkpoint_name(name), &[total, columns]).await?;
            // Each row is whole quantization blocks, which the readers of headers have checked.
            let row_bytes = raw.bytes.len() / total;
            let mut rest = raw.bytes.as_slice();
            let cut = rows.iter().map(|&rows| {
                let (bytes, after) = rest.split_at(rows * row_bytes);
                rest = after;
                LinearWeight::new(raw.dtype, bytes, [rows, columns], self.origin.precision, &self.origin.device)
            });
            let weights = cut.collect();
            self.uploaded(raw.bytes.len()).await?;
            Ok(weights)
        })
    }

    fn vectors<'a>(&'a self, name: &'a str, lens: &'a [usize]) -> TensorFuture<'a, Vec<Tensor<1>>> {
        Box::pin(async move {
            let values = self.raw(&self.origin.names.checkpoint_name(name), &[lens.iter().sum()]).await?.widen();
            let mut rest = values.as_slice();
            let cut = lens.iter().map(|&len| {
                let (values, after) = rest.split_at(len);
                rest = after;
                upload_vector(values.to_vec(), &self.origin.device)
            });
            Ok(cut.collect())
        })
    }

    fn patch_kernel<'a>(&'a self, name: &'a str, shape: [usize; 5]) -> TensorFuture<'a, LinearWeight> {
        Box::pin(async move {
            let name = self.origin.names.checkpoint_name(name);
            let values = match self.origin.checkpoint.info(&format!("{name}.0")) {
                Some(_) => self.join_frames(&name, shape).await?,
                None => self.origin.checkpoint.f32(&name, &shape).await?,
            };
            // In f32 in every precision: it is small, and the first to see the pixels.
            Ok(LinearWeight::dense(values, [shape[0], shape[1..].iter().product()], &self.origin.device))
        })
    }

    fn embedding<'a>(&'a self, name: &'a str, shape: [usize; 2]) -> TensorFuture<'a, EmbeddingTable> {
        Box::pin(async move {
            let name = self.origin.names.checkpoint_name(name);
            if self.origin.residency.is_streamed() {
                return self.table_in_file(&name, shape).await;
            }
            match self.origin.kind {
                DeviceKind::Cpu => self.table_on_host(&name, shape).await,
                DeviceKind::WebGpu | DeviceKind::Gpu => self.table_on_device(&name, shape).await,
            }
        })
    }

    fn host_values<'a>(&'a self, name: &'a str, shape: &'a [usize]) -> TensorFuture<'a, Vec<f32>> {
        Box::pin(async move { Ok(self.raw(&self.origin.names.checkpoint_name(name), shape).await?.widen()) })
    }

    fn streamed(&self, path: &str) -> Option<StreamedLayers> {
        let kept = self.origin.residency.kept_at(path)?;
        Some(StreamedLayers { kept, reader: Box::new(StoredLayers(self.origin.clone())) })
    }
}

/// Reads layers again.
struct StoredLayers(WeightsOrigin);

impl LayerReader for StoredLayers {
    fn layer(&self) -> Box<dyn LayerTensors + '_> {
        Box::new(StoredLayer { origin: &self.0, collector: TensorCollector::new(self.0.names) })
    }
}

/// The tensors of one layer.
struct StoredLayer<'a> {
    origin: &'a WeightsOrigin,
    collector: TensorCollector,
}

impl LayerTensors for StoredLayer<'_> {
    fn recorder(&self) -> &dyn TensorSource {
        &self.collector
    }

    fn read(&self) -> TensorFuture<'_, Box<dyn TensorSource + '_>> {
        Box::pin(async move {
            let tensors = self.collector.take_specs();
            let reads = tensors.iter().map(|TensorSpec { name, shape, .. }| self.origin.checkpoint.raw(name, shape));
            let values = try_join_all(reads).await?;
            let read = tensors.into_iter().map(|tensor| tensor.name).zip(values).collect();
            Ok(Box::new(CheckpointLoader::of_read(self.origin, read)) as Box<dyn TensorSource + '_>)
        })
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use std::rc::Rc;

    use crate::bytes::MemoryFolder;
    use crate::model::layers::Precision;
    use crate::model::loading::residency::Residency;
    use crate::model::tensor_map::TensorMap;
    use crate::model::yielding::NeverYield;
    use crate::weights::Checkpoint;

    fn checkpoint(name: &str, values: &[f32], shape: &[usize]) -> Checkpoint {
        let header =
            format!(r#"{{"{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[0,{}]}}}}"#, values.len() * 4);
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.bytes());
        file.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        block_on(Checkpoint::open(&MemoryFolder::default().with("model.safetensors", file))).expect("a checkpoint")
    }

    fn origin(checkpoint: Checkpoint, kind: DeviceKind) -> WeightsOrigin {
        WeightsOrigin {
            checkpoint: Rc::new(checkpoint),
            names: TensorMap::IDENTITY,
            precision: Precision::F32,
            device: Device::flex(),
            kind,
            residency: Rc::new(Residency::default()),
        }
    }

    #[test]
    fn embedding_rows_on_a_device_equal_those_in_host_memory() {
        let values: Vec<f32> = (0..40).map(|i| i as f32).collect();
        for kind in [DeviceKind::Cpu, DeviceKind::Gpu] {
            let origin = origin(checkpoint("embed_tokens.weight", &values, &[10, 4]), kind);
            let loader = CheckpointLoader::new(&origin, &NeverYield);
            let table = block_on(loader.embedding("embed_tokens.weight", [10, 4])).expect("a table");
            let mut rows = Vec::new();
            let unfetched = table.push_row(7, &mut rows);
            assert_eq!(unfetched.is_ok(), kind == DeviceKind::Cpu, "rows on a device must be fetched first");
            rows.clear();
            block_on(table.fetch([7, 2, 7, 9].into_iter())).expect("rows");
            for id in [9, 7, 2] {
                table.push_row(id, &mut rows).expect("a row");
            }
            assert_eq!(rows, [36.0, 37.0, 38.0, 39.0, 28.0, 29.0, 30.0, 31.0, 8.0, 9.0, 10.0, 11.0]);
        }
    }

    #[test]
    fn a_fused_matrix_is_split_by_rows() {
        let values: Vec<f32> = (0..12).map(|i| i as f32).collect();
        let origin = origin(checkpoint("qkv.weight", &values, &[3, 4]), DeviceKind::Cpu);
        let loader = CheckpointLoader::new(&origin, &NeverYield);
        let weights = block_on(loader.matrices("qkv.weight", &[2, 1], 4));
        let x = crate::kernels::upload(vec![1.0, 0.0, 0.0, 0.0], [1, 4], &origin.device);
        let products: Vec<Vec<f32>> = weights
            .expect("two matrices")
            .iter()
            .map(|weight| block_on(crate::kernels::download(weight.multiply(x.clone()))).expect("a product"))
            .collect();
        assert_eq!(products, [vec![0.0, 4.0], vec![8.0]]);
    }
}

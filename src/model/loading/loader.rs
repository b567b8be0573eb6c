//! Loads tensors from a checkpoint to a device.

use burn::tensor::{Device, Tensor};

use super::throttle::UploadThrottle;
use crate::kernels::{upload_bytes, upload_vector};
use crate::model::layers::{EmbeddingTable, LinearWeight, Precision, TensorSource};
use crate::model::placement::{DeviceKind, ModelPlacement};
use crate::model::tensor_map::TensorMap;
use crate::weights::Checkpoint;
use crate::weights::WeightsError;

/// Bytes of a part of an embedding table on the device. Larger parts cost more wasm memory while loading, smaller ones
/// more kernel launches at each lookup.
const TABLE_PART_BYTES: usize = 16 << 20;

const WORD: usize = size_of::<u32>();

/// Reads each requested tensor and moves it to the device.
pub struct CheckpointLoader<'a> {
    pub checkpoint: &'a Checkpoint,
    pub names: TensorMap,
    pub precision: Precision,
    pub placement: ModelPlacement<'a>,
    pub throttle: UploadThrottle<'a>,
}

impl CheckpointLoader<'_> {
    /// In parts, so that the whole table is never in wasm memory.
    async fn table_on_device(&self, name: &str, shape: [usize; 2]) -> Result<EmbeddingTable, WeightsError> {
        let [rows, _] = shape;
        // The first row tells the type and the length of a row.
        let first = self.checkpoint.raw_rows(name, &shape, 0, 1.min(rows)).await?;
        let (dtype, row_bytes) = (first.dtype, first.bytes.len());
        if row_bytes == 0 || !row_bytes.is_multiple_of(WORD) {
            return self.table_on_host(name, shape).await;
        }
        let rows_per_part = (TABLE_PART_BYTES / row_bytes).clamp(1, rows);
        let mut parts = Vec::with_capacity(rows.div_ceil(rows_per_part));
        for start in (0..rows).step_by(rows_per_part) {
            let count = rows_per_part.min(rows - start);
            let bytes = self.checkpoint.raw_rows(name, &shape, start, count).await?.bytes;
            let len = bytes.len();
            // Both the file's values and the device's words are little-endian, so bytes are moved as they are.
            parts.push(upload_bytes(bytes, [count, row_bytes / WORD], self.placement.device));
            self.throttle.uploaded(len).await?;
        }
        Ok(EmbeddingTable::on_device(dtype, rows, row_bytes, parts, rows_per_part))
    }

    async fn table_on_host(&self, name: &str, shape: [usize; 2]) -> Result<EmbeddingTable, WeightsError> {
        let raw = self.checkpoint.raw(name, &shape).await?;
        Ok(EmbeddingTable::on_host(raw.dtype, shape[0], raw.bytes))
    }

    /// `[out, channels, frames, height, width]` from one tensor `[out, channels, height, width]` for each frame.
    async fn join_frames(&self, name: &str, shape: [usize; 5]) -> Result<Vec<f32>, WeightsError> {
        let [out, channels, frames, height, width] = shape;
        let mut planes = Vec::with_capacity(frames);
        for frame in 0..frames {
            planes.push(self.checkpoint.f32(&format!("{name}.{frame}"), &[out, channels, height, width]).await?);
        }
        let len = height * width;
        let joined = (0..out * channels).flat_map(|i| planes.iter().map(move |plane| &plane[i * len..(i + 1) * len]));
        Ok(joined.flatten().copied().collect())
    }
}

impl TensorSource for CheckpointLoader<'_> {
    fn device(&self) -> &Device {
        self.placement.device
    }

    async fn matrices(&self, name: &str, rows: &[usize], columns: usize) -> Result<Vec<LinearWeight>, WeightsError> {
        let total: usize = rows.iter().sum();
        let raw = self.checkpoint.raw(&self.names.checkpoint_name(name), &[total, columns]).await?;
        // Each row is whole quantization blocks, which the readers of headers have checked.
        let row_bytes = raw.bytes.len() / total;
        let mut rest = raw.bytes.as_slice();
        let cut = rows.iter().map(|&rows| {
            let (bytes, after) = rest.split_at(rows * row_bytes);
            rest = after;
            LinearWeight::new(raw.dtype, bytes, [rows, columns], self.precision, self.placement.device)
        });
        let weights = cut.collect();
        self.throttle.uploaded(raw.bytes.len()).await?;
        Ok(weights)
    }

    async fn vectors(&self, name: &str, lens: &[usize]) -> Result<Vec<Tensor<1>>, WeightsError> {
        let values = self.checkpoint.f32(&self.names.checkpoint_name(name), &[lens.iter().sum()]).await?;
        let mut rest = values.as_slice();
        let cut = lens.iter().map(|&len| {
            let (values, after) = rest.split_at(len);
            rest = after;
            upload_vector(values.to_vec(), self.placement.device)
        });
        Ok(cut.collect())
    }

    async fn patch_kernel(&self, name: &str, shape: [usize; 5]) -> Result<LinearWeight, WeightsError> {
        let name = self.names.checkpoint_name(name);
        let values = match self.checkpoint.info(&format!("{name}.0")) {
            Some(_) => self.join_frames(&name, shape).await?,
            None => self.checkpoint.f32(&name, &shape).await?,
        };
        // In f32 in every precision: it is small, and the first to see the pixels.
        Ok(LinearWeight::dense(values, [shape[0], shape[1..].iter().product()], self.placement.device))
    }

    async fn embedding(&self, name: &str, shape: [usize; 2]) -> Result<EmbeddingTable, WeightsError> {
        let name = self.names.checkpoint_name(name);
        match self.placement.kind {
            DeviceKind::Cpu => self.table_on_host(&name, shape).await,
            DeviceKind::WebGpu | DeviceKind::Gpu => self.table_on_device(&name, shape).await,
        }
    }

    async fn host_values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        self.checkpoint.f32(&self.names.checkpoint_name(name), shape).await
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::bytes::MemoryFolder;
    use crate::model::yielding::NeverYield;

    fn checkpoint(name: &str, values: &[f32], shape: &[usize]) -> Checkpoint {
        let header =
            format!(r#"{{"{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[0,{}]}}}}"#, values.len() * 4);
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.bytes());
        file.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        block_on(Checkpoint::open(&MemoryFolder::default().with("model.safetensors", file))).expect("a checkpoint")
    }

    fn loader<'a>(checkpoint: &'a Checkpoint, device: &'a Device, kind: DeviceKind) -> CheckpointLoader<'a> {
        CheckpointLoader {
            checkpoint,
            names: TensorMap::IDENTITY,
            precision: Precision::F32,
            placement: ModelPlacement { device, kind },
            throttle: UploadThrottle::new(device, &NeverYield),
        }
    }

    #[test]
    fn embedding_rows_on_a_device_equal_those_in_host_memory() {
        let values: Vec<f32> = (0..40).map(|i| i as f32).collect();
        let checkpoint = checkpoint("embed_tokens.weight", &values, &[10, 4]);
        let device = Device::flex();
        for kind in [DeviceKind::Cpu, DeviceKind::Gpu] {
            let loader = loader(&checkpoint, &device, kind);
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
        let checkpoint = checkpoint("qkv.weight", &values, &[3, 4]);
        let device = Device::flex();
        let weights = block_on(loader(&checkpoint, &device, DeviceKind::Cpu).matrices("qkv.weight", &[2, 1], 4));
        let x = crate::kernels::upload(vec![1.0, 0.0, 0.0, 0.0], [1, 4], &device);
        let products: Vec<Vec<f32>> = weights
            .expect("two matrices")
            .iter()
            .map(|weight| block_on(crate::kernels::download(weight.multiply(x.clone()))).expect("a product"))
            .collect();
        assert_eq!(products, [vec![0.0, 4.0], vec![8.0]]);
    }
}

//! The embedding table, of which a prompt needs a few hundred rows. It stays in the precision of the file: in f32 it would
//! be the largest tensor by far.
//!
//! Beside a CPU it is in host memory. Beside a GPU it is on the device, since wasm memory never shrinks and the table
//! alone would fill it. The rows that a request needs are read back at once, and recent ones are cached.

use std::cell::RefCell;
use std::collections::HashMap;

use burn::tensor::{Int, Tensor};

use crate::kernels::{concat_word_rows, download_words, gather_word_rows};
use crate::model::error::DeviceError;
use crate::weights::DType;

/// Bytes of rows that are cached. One web page uses the vocabulary of few languages.
const MAX_CACHED_BYTES: usize = 32 << 20;

/// An embedding table in the host's or the device's memory.
pub struct EmbeddingTable {
    dtype: DType,
    rows: usize,
    row_bytes: usize,
    storage: TableStorage,
}

enum TableStorage {
    Host(Vec<u8>),
    Device(DeviceTable),
}

struct DeviceTable {
    /// The bytes of consecutive rows, as little-endian words.
    parts: Vec<Tensor<2, Int>>,
    rows_per_part: usize,
    cached: RefCell<HashMap<u32, Box<[u8]>>>,
}

impl EmbeddingTable {
    /// In host memory.
    pub fn on_host(dtype: DType, rows: usize, bytes: Vec<u8>) -> Self {
        let row_bytes = bytes.len() / rows.max(1);
        Self { dtype, rows, row_bytes, storage: TableStorage::Host(bytes) }
    }

    /// On the device, in parts of `rows_per_part` rows.
    pub fn on_device(
        dtype: DType,
        rows: usize,
        row_bytes: usize,
        parts: Vec<Tensor<2, Int>>,
        rows_per_part: usize,
    ) -> Self {
        let table = DeviceTable { parts, rows_per_part, cached: RefCell::default() };
        Self { dtype, rows, row_bytes, storage: TableStorage::Device(table) }
    }

    /// Makes the rows of these ids available to [`Self::push_row`].
    pub async fn fetch(&self, ids: impl Iterator<Item = u32>) -> Result<(), DeviceError> {
        let TableStorage::Device(table) = &self.storage else { return Ok(()) };
        let mut missing: Vec<u32> = ids.collect();
        missing.sort_unstable();
        missing.dedup();
        if (table.cached.borrow().len() + missing.len()) * self.row_bytes > MAX_CACHED_BYTES {
            table.cached.borrow_mut().clear();
        }
        missing.retain(|id| !table.cached.borrow().contains_key(id));
        if missing.is_empty() {
            return Ok(());
        }
        let bytes = table.read(&missing).await?;
        let rows = bytes.chunks_exact(self.row_bytes).map(Box::from);
        table.cached.borrow_mut().extend(missing.into_iter().zip(rows));
        Ok(())
    }

    /// Appends one row in f32.
    pub fn push_row(&self, id: u32, out: &mut Vec<f32>) -> Result<(), DeviceError> {
        match &self.storage {
            TableStorage::Host(bytes) => {
                self.dtype.widen(&bytes[id as usize * self.row_bytes..][..self.row_bytes], out)
            }
            TableStorage::Device(table) => {
                let cached = table.cached.borrow();
                self.dtype.widen(cached.get(&id).ok_or(DeviceError::EmbeddingNotFetched)?, out);
            }
        }
        Ok(())
    }

    /// Its rows: the size of the vocabulary.
    pub fn rows(&self) -> usize {
        self.rows
    }
}

impl DeviceTable {
    /// The rows of sorted ids, in one readback.
    async fn read(&self, ids: &[u32]) -> Result<Vec<u8>, DeviceError> {
        let part_of = |id: u32| id as usize / self.rows_per_part;
        let gathered = ids.chunk_by(|&a, &b| part_of(a) == part_of(b)).map(|ids| {
            let part = part_of(ids[0]);
            let rows: Vec<u32> = ids.iter().map(|id| id - (part * self.rows_per_part) as u32).collect();
            gather_word_rows(self.parts[part].clone(), &rows)
        });
        let words = download_words(concat_word_rows(gathered.collect())).await.map_err(DeviceError::Readback)?;
        Ok(words.into_iter().flat_map(u32::to_le_bytes).collect())
    }
}

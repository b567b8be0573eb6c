//! The embedding table, of which a prompt needs a few hundred rows. It stays in the precision of the file: in f32 it would
//! be the largest tensor by far.
//!
//! Beside a CPU it is in host memory. Beside a GPU it is on the device, since wasm memory never shrinks and the table
//! alone would fill it. Of a model whose weights do not all fit it stays in its file. From there, as from a GPU, the rows
//! that a request needs are read at once, and recent ones are cached.

use std::cell::RefCell;
use std::collections::HashMap;

use burn::tensor::{Int, Tensor};

use crate::bytes::LocalBoxFuture;
use crate::kernels::{concat_word_rows, download_words, gather_word_rows};
use crate::model::error::{DeviceError, ModelError};
use crate::weights::{DType, WeightsError};

/// Bytes of rows that are cached. One web page uses the vocabulary of few languages.
const MAX_CACHED_BYTES: usize = 32 << 20;

/// An embedding table in the host's or the device's memory, or in its file.
pub struct EmbeddingTable {
    dtype: DType,
    rows: usize,
    row_bytes: usize,
    storage: TableStorage,
}

enum TableStorage {
    Host(Vec<u8>),
    Fetched { origin: RowOrigin, cached: RefCell<HashMap<u32, Box<[u8]>>> },
}

/// Where rows are fetched from.
enum RowOrigin {
    Device(DeviceTable),
    File(Box<dyn RowReader>),
}

/// Reads rows of a table that is in a file.
pub trait RowReader {
    /// The rows of sorted ids, one after the other.
    fn read<'a>(&'a self, ids: &'a [u32]) -> LocalBoxFuture<'a, Result<Vec<u8>, WeightsError>>;
}

struct DeviceTable {
    /// The bytes of consecutive rows, as little-endian words.
    parts: Vec<Tensor<2, Int>>,
    rows_per_part: usize,
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
        let origin = RowOrigin::Device(DeviceTable { parts, rows_per_part });
        Self::fetched(dtype, rows, row_bytes, origin)
    }

    /// In its file.
    pub fn in_file(dtype: DType, rows: usize, row_bytes: usize, reader: Box<dyn RowReader>) -> Self {
        Self::fetched(dtype, rows, row_bytes, RowOrigin::File(reader))
    }

    fn fetched(dtype: DType, rows: usize, row_bytes: usize, origin: RowOrigin) -> Self {
        Self { dtype, rows, row_bytes, storage: TableStorage::Fetched { origin, cached: RefCell::default() } }
    }

    /// Makes the rows of these ids available to [`Self::push_row`].
    pub async fn fetch(&self, ids: impl Iterator<Item = u32>) -> Result<(), ModelError> {
        let TableStorage::Fetched { origin, cached } = &self.storage else { return Ok(()) };
        let mut missing: Vec<u32> = ids.collect();
        missing.sort_unstable();
        missing.dedup();
        if (cached.borrow().len() + missing.len()) * self.row_bytes > MAX_CACHED_BYTES {
            cached.borrow_mut().clear();
        }
        missing.retain(|id| !cached.borrow().contains_key(id));
        if missing.is_empty() {
            return Ok(());
        }
        let bytes = match origin {
            RowOrigin::Device(table) => table.read(&missing).await?,
            RowOrigin::File(reader) => reader.read(&missing).await?,
        };
        let rows = bytes.chunks_exact(self.row_bytes).map(Box::from);
        cached.borrow_mut().extend(missing.into_iter().zip(rows));
        Ok(())
    }

    /// Appends one row in f32.
    pub fn push_row(&self, id: u32, out: &mut Vec<f32>) -> Result<(), DeviceError> {
        match &self.storage {
            TableStorage::Host(bytes) => {
                self.dtype.widen(&bytes[id as usize * self.row_bytes..][..self.row_bytes], out)
            }
            TableStorage::Fetched { cached, .. } => {
                let cached = cached.borrow();
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

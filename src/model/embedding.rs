//! The embedding table, of which a prompt needs a few hundred rows. It keeps the precision of the file: in f32 it would be
//! the largest tensor by far.
//!
//! Next to a CPU it stays in memory. Next to a GPU it lies there, as the words of the file: wasm's memory never shrinks,
//! and the table alone would fill it. Rows that a request needs are fetched in one reading, and the latest are kept.

use std::cell::RefCell;
use std::collections::HashMap;

use burn::tensor::{Device, Int, Tensor};

use super::ModelError;
use super::pace::Pace;
use crate::kernels::{concat_word_rows, download_words, gather_word_rows, upload_bytes};
use crate::weights::WeightsError;
use crate::weights::{Checkpoint, DType};

/// Bytes of a part of the table on the device. Larger ones cost wasm's memory on their way, smaller ones a reading more
/// launches.
const PART_BYTES: usize = 16 << 20;

/// Bytes of rows that are kept for the next request: the words of a language that one page uses.
const MAX_KEPT_BYTES: usize = 32 << 20;

const WORD: usize = size_of::<u32>();

pub struct Embedding {
    dtype: DType,
    rows: usize,
    row_bytes: usize,
    home: Home,
}

enum Home {
    Memory(Vec<u8>),
    Device(OnDevice),
}

struct OnDevice {
    /// Neighbouring rows of words.
    parts: Vec<Tensor<2, Int>>,
    rows_of_a_part: usize,
    kept: RefCell<HashMap<u32, Box<[u8]>>>,
}

impl Embedding {
    /// `on`: the device that the table moves to, if not the processor's own memory.
    pub async fn load(
        checkpoint: &Checkpoint,
        name: &str,
        shape: [usize; 2],
        on: Option<(&Device, &Pace<'_>)>,
    ) -> Result<Self, WeightsError> {
        let [rows, _] = shape;
        // The first row tells type and length, and that the tensor is as it should be.
        let first = checkpoint.raw_rows(name, &shape, 0, 1.min(rows)).await?;
        let (dtype, row_bytes) = (first.dtype, first.bytes.len());
        let home = match on {
            Some((device, pace)) if row_bytes.is_multiple_of(WORD) && row_bytes > 0 => {
                let rows_of_a_part = (PART_BYTES / row_bytes).clamp(1, rows);
                let mut parts = Vec::with_capacity(rows.div_ceil(rows_of_a_part));
                for start in (0..rows).step_by(rows_of_a_part) {
                    let count = rows_of_a_part.min(rows - start);
                    let bytes = checkpoint.raw_rows(name, &shape, start, count).await?.bytes;
                    let len = bytes.len();
                    parts.push(upload(bytes, [count, row_bytes / WORD], device));
                    pace.after(len).await?;
                }
                Home::Device(OnDevice { parts, rows_of_a_part, kept: RefCell::default() })
            }
            _ => Home::Memory(checkpoint.raw(name, &shape).await?.bytes),
        };
        Ok(Self { dtype, rows, row_bytes, home })
    }

    /// Makes the rows of these ids ready for [`Self::push_row`].
    pub async fn fetch(&self, ids: impl Iterator<Item = u32>) -> Result<(), ModelError> {
        let Home::Device(table) = &self.home else { return Ok(()) };
        let mut wanted: Vec<u32> = ids.collect();
        wanted.sort_unstable();
        wanted.dedup();
        if (table.kept.borrow().len() + wanted.len()) * self.row_bytes > MAX_KEPT_BYTES {
            table.kept.borrow_mut().clear();
        }
        wanted.retain(|id| !table.kept.borrow().contains_key(id));
        if wanted.is_empty() {
            return Ok(());
        }
        let bytes = table.read(&wanted).await?;
        let rows = bytes.chunks_exact(self.row_bytes).map(Box::from);
        table.kept.borrow_mut().extend(wanted.into_iter().zip(rows));
        Ok(())
    }

    /// Appends one row, widened; `false` if it was not fetched.
    #[must_use]
    pub fn push_row(&self, id: u32, out: &mut Vec<f32>) -> bool {
        match &self.home {
            Home::Memory(bytes) => {
                self.dtype.widen(&bytes[id as usize * self.row_bytes..][..self.row_bytes], out);
                true
            }
            Home::Device(table) => {
                let kept = table.kept.borrow();
                kept.get(&id).inspect(|row| self.dtype.widen(row, out)).is_some()
            }
        }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }
}

impl OnDevice {
    /// The rows of sorted ids, in one reading.
    async fn read(&self, ids: &[u32]) -> Result<Vec<u8>, ModelError> {
        let part_of = |id: u32| id as usize / self.rows_of_a_part;
        let chosen = ids.chunk_by(|&a, &b| part_of(a) == part_of(b)).map(|ids| {
            let part = part_of(ids[0]);
            let places: Vec<u32> = ids.iter().map(|id| id - (part * self.rows_of_a_part) as u32).collect();
            gather_word_rows(self.parts[part].clone(), &places)
        });
        let words = download_words(concat_word_rows(chosen.collect())).await.map_err(ModelError::Device)?;
        Ok(words.into_iter().flat_map(u32::to_le_bytes).collect())
    }
}

/// The words of the device are those of the file: both count from the low byte.
fn upload(bytes: Vec<u8>, shape: [usize; 2], device: &Device) -> Tensor<2, Int> {
    upload_bytes(bytes, shape, device)
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::bytes::MemoryFolder;
    use crate::model::NoTurns;

    fn checkpoint(values: &[f32], shape: [usize; 2]) -> Checkpoint {
        let header = format!(
            r#"{{"embed_tokens.weight":{{"dtype":"F32","shape":{shape:?},"data_offsets":[0,{}]}}}}"#,
            values.len() * 4
        );
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.bytes());
        file.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        block_on(Checkpoint::open(&MemoryFolder::default().with("model.safetensors", file))).expect("a checkpoint")
    }

    #[test]
    fn rows_on_a_device_are_those_of_the_file() {
        let values: Vec<f32> = (0..40).map(|i| i as f32).collect();
        let checkpoint = checkpoint(&values, [10, 4]);
        let device = Device::flex();
        let pace = Pace::new(&device, &NoTurns);
        for on in [None, Some((&device, &pace))] {
            let table = block_on(Embedding::load(&checkpoint, "embed_tokens.weight", [10, 4], on)).expect("a table");
            let mut rows = Vec::new();
            assert_eq!(table.push_row(7, &mut rows), on.is_none(), "what was not fetched is not there");
            rows.clear();
            block_on(table.fetch([7, 2, 7, 9].into_iter())).expect("rows");
            for id in [9, 7, 2] {
                assert!(table.push_row(id, &mut rows));
            }
            assert_eq!(rows, [36.0, 37.0, 38.0, 39.0, 28.0, 29.0, 30.0, 31.0, 8.0, 9.0, 10.0, 11.0]);
        }
    }
}

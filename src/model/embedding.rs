//! The embedding table. Only the rows of a prompt are ever needed, so it stays on the CPU side in the precision of
//! the file: on the device it would be the largest tensor, and in f32 it would not fit a WebGPU binding.

use crate::weights::{Checkpoint, Raw, WeightsError};

pub struct Embedding {
    table: Raw,
    rows: usize,
}

impl Embedding {
    pub async fn load(checkpoint: &Checkpoint, name: &str, shape: [usize; 2]) -> Result<Self, WeightsError> {
        Ok(Self { table: checkpoint.raw(name, &shape).await?, rows: shape[0] })
    }

    /// Appends one row, widened.
    pub fn push_row(&self, id: u32, out: &mut Vec<f32>) {
        let len = self.table.bytes.len() / self.rows;
        self.table.dtype.widen(&self.table.bytes[id as usize * len..][..len], out);
    }

    pub fn rows(&self) -> usize {
        self.rows
    }
}

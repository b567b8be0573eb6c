//! The embedding table. Only the rows of a prompt are ever needed, so it stays on the CPU side in the precision of
//! the file: on the device it would be the largest tensor, and in f32 it would not fit a WebGPU binding.

use half::{bf16, f16};

use crate::weights::{Checkpoint, DType, WeightsError};

/// Rows converted at a time while loading; bounds what is held twice.
const ROWS_AT_A_TIME: usize = 4096;

pub enum Table {
    F32(Vec<f32>),
    F16(Vec<f16>),
    Bf16(Vec<bf16>),
}

pub struct Embedding {
    table: Table,
    width: usize,
}

impl Embedding {
    pub async fn load(checkpoint: &Checkpoint, name: &str, [rows, width]: [usize; 2]) -> Result<Self, WeightsError> {
        let mut table = match checkpoint.info(name).map(|info| info.dtype) {
            Some(DType::F16) => Table::F16(Vec::with_capacity(rows * width)),
            Some(DType::BF16) => Table::Bf16(Vec::with_capacity(rows * width)),
            _ => Table::F32(Vec::with_capacity(rows * width)),
        };
        for first in (0..rows).step_by(ROWS_AT_A_TIME) {
            let count = ROWS_AT_A_TIME.min(rows - first);
            let values = checkpoint.f32_rows(name, &[rows, width], first, count).await?;
            // Narrowing back is exact: the values were widened from that very type.
            match &mut table {
                Table::F32(t) => t.extend_from_slice(&values),
                Table::F16(t) => t.extend(values.iter().map(|&v| f16::from_f32(v))),
                Table::Bf16(t) => t.extend(values.iter().map(|&v| bf16::from_f32(v))),
            }
        }
        Ok(Self { table, width })
    }

    /// One row, widened.
    pub fn row(&self, id: u32) -> Vec<f32> {
        let range = id as usize * self.width..(id as usize + 1) * self.width;
        match &self.table {
            Table::F32(t) => t[range].to_vec(),
            Table::F16(t) => t[range].iter().map(|v| v.to_f32()).collect(),
            Table::Bf16(t) => t[range].iter().map(|v| v.to_f32()).collect(),
        }
    }

    pub fn rows(&self) -> usize {
        let len = match &self.table {
            Table::F32(t) => t.len(),
            Table::F16(t) => t.len(),
            Table::Bf16(t) => t.len(),
        };
        len / self.width
    }
}

//! Tensors from the checkpoint into a file, a few rows at a time.

use std::io::{self, Write};

use super::plan::{Job, Origin};
use crate::weights::gguf::GgufWriter;
use crate::weights::{Checkpoint, DType, WeightsError, quantize};

/// Values that are in memory at once: 16 MiB of them as f32. A matrix of the largest model has half a gigabyte.
pub const PIECE_VALUES: usize = 4 << 20;

#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Read(#[from] WeightsError),
    #[error("{0}")]
    Write(#[from] io::Error),
    #[error("tensor {tensor} holds {value}, which {} cannot; {}", dtype.name(), advice(*value))]
    Value { tensor: String, dtype: DType, value: f32 },
}

fn advice(value: f32) -> &'static str {
    match value.is_finite() {
        true => "choose another --type",
        false => "the checkpoint is damaged",
    }
}

/// Writes one tensor; `step` is told of the bytes of each piece.
pub async fn copy<W: Write>(
    job: &Job,
    checkpoint: &Checkpoint,
    writer: &mut GgufWriter<W>,
    piece: usize,
    step: &mut dyn FnMut(u64),
) -> Result<(), CopyError> {
    writer.next_tensor()?;
    let (name, shape) = match &job.from {
        Origin::Values(values) => return put(job, values, writer, step),
        Origin::Tensor((name, shape)) | Origin::Frame((name, shape), _) => (name, shape.as_slice()),
    };
    let rows = shape.first().copied().unwrap_or(1);
    let row_len: usize = shape.iter().skip(1).product();
    let at_once = (piece / row_len.max(1)).max(1);
    for first in (0..rows).step_by(at_once) {
        let mut values = checkpoint.f32_rows(name, shape, first, at_once.min(rows - first)).await?;
        if let Origin::Frame(_, frame) = job.from {
            values = frame_of(&values, shape, frame);
        }
        put(job, &values, writer, step)?;
    }
    Ok(())
}

/// One frame of patches of the shape colours × frames × height × width, row by row.
fn frame_of(values: &[f32], shape: &[usize], frame: usize) -> Vec<f32> {
    let area: usize = shape[3..].iter().product();
    values.chunks_exact(area).skip(frame).step_by(shape[2]).flatten().copied().collect()
}

fn put<W: Write>(
    job: &Job,
    values: &[f32],
    writer: &mut GgufWriter<W>,
    step: &mut dyn FnMut(u64),
) -> Result<(), CopyError> {
    let (tensor, dtype) = (&job.tensor.name, job.tensor.dtype);
    let largest = largest(dtype);
    if let Some(&value) = values.iter().find(|v| v.is_nan() || v.abs() > largest) {
        return Err(CopyError::Value { tensor: tensor.clone(), dtype, value });
    }
    let mut bytes = Vec::with_capacity(dtype.bytes_of(values.len() as u64).unwrap_or(0) as usize);
    if !quantize(dtype, values, &mut bytes) {
        let detail = format!("its rows are not whole blocks of {}", dtype.name());
        return Err(WeightsError::Tensor { tensor: tensor.clone(), detail }.into());
    }
    writer.write(&bytes)?;
    step(bytes.len() as u64);
    Ok(())
}

/// The largest magnitude that a type holds. Blocks have a half as their scale.
fn largest(dtype: DType) -> f32 {
    let half = half::f16::MAX.to_f32();
    match dtype {
        DType::F16 => half,
        DType::Q8_0 => half * 127.0,
        DType::Q4_0 => half * 8.0,
        _ => f32::MAX,
    }
}

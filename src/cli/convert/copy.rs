//! Copies tensors from the checkpoint into a file, converting a few rows at a time.

use std::io::Write;

use super::error::CopyError;
use super::file_plan::{TensorOrigin, TensorPlan};
use crate::weights::gguf::GgufWriter;
use crate::weights::{Checkpoint, DType, quantize};

/// Values in memory at once: 16 MiB as f32, where the largest matrix of the largest model takes 2.5 GB.
pub const CHUNK_VALUES: usize = 4 << 20;

/// Writes one tensor in chunks of at most `chunk_values` values, but at least one row. `on_bytes` is called with the
/// length of each chunk.
pub async fn copy<W: Write>(
    plan: &TensorPlan,
    checkpoint: &Checkpoint,
    writer: &mut GgufWriter<W>,
    chunk_values: usize,
    on_bytes: &mut dyn FnMut(u64),
) -> Result<(), CopyError> {
    writer.next_tensor()?;
    let ((name, shape), start) = match &plan.source {
        TensorOrigin::Values(values) => return write_values(plan, values, writer, on_bytes),
        TensorOrigin::Checkpoint(of) | TensorOrigin::PatchFrame(of, _) => (of, 0),
        TensorOrigin::Rows(of, first) => (of, *first),
    };
    let rows = shape.first().copied().unwrap_or(1);
    let row_len: usize = shape.iter().skip(1).product();
    let chunk_rows = (chunk_values / row_len.max(1)).max(1);
    for first in (start..rows).step_by(chunk_rows) {
        let mut values = checkpoint.f32_rows(name, shape, first, chunk_rows.min(rows - first)).await?;
        if let TensorOrigin::PatchFrame(_, frame) = plan.source {
            values = select_frame(&values, shape, frame);
        }
        write_values(plan, &values, writer, on_bytes)?;
    }
    Ok(())
}

/// One frame of rows of the shape colours × frames × height × width.
fn select_frame(values: &[f32], shape: &[usize], frame: usize) -> Vec<f32> {
    let area: usize = shape[3..].iter().product();
    values.chunks_exact(area).skip(frame).step_by(shape[2]).flatten().copied().collect()
}

fn write_values<W: Write>(
    plan: &TensorPlan,
    values: &[f32],
    writer: &mut GgufWriter<W>,
    on_bytes: &mut dyn FnMut(u64),
) -> Result<(), CopyError> {
    let (tensor, dtype) = (&plan.tensor.name, plan.tensor.dtype);
    let limit = max_magnitude(dtype);
    if let Some(&value) = values.iter().find(|v| v.is_nan() || v.abs() > limit) {
        return Err(CopyError::OutOfRange { tensor: tensor.clone(), dtype, value });
    }
    let mut bytes = Vec::with_capacity(dtype.bytes_of(values.len() as u64).unwrap_or(0) as usize);
    if !quantize(dtype, values, &mut bytes) {
        return Err(CopyError::PartialBlocks { tensor: tensor.clone(), dtype });
    }
    writer.write(&bytes)?;
    on_bytes(bytes.len() as u64);
    Ok(())
}

/// The largest magnitude that a type represents. The scale of a quantization block is an F16.
fn max_magnitude(dtype: DType) -> f32 {
    let f16_max = half::f16::MAX.to_f32();
    match dtype {
        DType::F16 => f16_max,
        DType::Q8_0 => f16_max * 127.0,
        DType::Q4_0 => f16_max * 8.0,
        _ => f32::MAX,
    }
}

//! Plans the files of an encoder: metadata, tensors, and where their values come from.

use super::super::error::ConvertError;
use super::super::file_plan::{FilePlan, TensorOrigin, TensorPlan};
use super::super::file_type::FileType;
use super::super::split::split;
use super::metadata::encoder_fields;
use super::model::EncoderModel;
use crate::model::{GgufTensorName, POSITION_TABLE, Positions, encoder_tensor_names, head_places};
use crate::weights::DType;
use crate::weights::gguf::NewTensor;

const TOKEN_TABLE: &str = "token_embd.weight";
/// Tables that are added to others, or go through a norm: small, and llama.cpp reads them in F32 only.
const F32_TABLES: [&str; 3] = [POSITION_TABLE, "token_types.weight", "relative_embd.weight"];

/// The file, or its parts.
pub fn plan_encoder(
    model: &EncoderModel,
    file_type: FileType,
    stem: &str,
    split_max_size: Option<u64>,
) -> Result<Vec<FilePlan>, ConvertError> {
    let tensors =
        encoder_tensor_names(&model.config).into_iter().filter_map(|name| plan_tensor(model, name, file_type));
    split(stem, encoder_fields(model, file_type)?, tensors.collect(), split_max_size)
}

/// None for a bias that the head does not have.
fn plan_tensor(model: &EncoderModel, name: GgufTensorName, file_type: FileType) -> Option<TensorPlan> {
    let GgufTensorName { gguf, checkpoint, .. } = name;
    let mut shape = model.checkpoint.info(&checkpoint)?.shape.clone();
    let in_head = head_places(&model.config).iter().any(|place| checkpoint.starts_with(&format!("{}.", place.at)));
    let dtype = if in_head { DType::F32 } else { stored_dtype(&gguf, &shape, file_type.dtype()) };
    let first = first_row(model, &gguf);
    let source = TensorOrigin::Rows((checkpoint, shape.clone()), first);
    shape[0] -= first;
    Some(TensorPlan { tensor: NewTensor { name: gguf, dtype, shape }, source })
}

/// Rows of the position table before the first token's are left out, as in llama.cpp's files.
fn first_row(model: &EncoderModel, gguf: &str) -> usize {
    match model.config.encoder().map(|encoder| encoder.positions) {
        Some(Positions::Learned { first, .. }) if gguf == POSITION_TABLE => first,
        _ => 0,
    }
}

fn stored_dtype(name: &str, shape: &[usize], asked: DType) -> DType {
    let fits = |dtype: DType| shape.last().is_some_and(|row| row.is_multiple_of(dtype.block_len()));
    match name {
        _ if shape.len() < 2 || F32_TABLES.contains(&name) => DType::F32,
        // Nothing averages the errors of a row that is looked up.
        TOKEN_TABLE if asked == DType::Q4_0 && fits(DType::Q8_0) => DType::Q8_0,
        _ if fits(asked) => asked,
        _ => DType::F16,
    }
}

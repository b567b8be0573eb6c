//! Splits a text model into several files, as llama.cpp's `gguf-split` does.

use super::error::ConvertError;
use super::file_plan::{FilePlan, TensorPlan};
use super::metadata::{MetadataFields, split_fields};
use crate::weights::gguf::{GgufLayout, part_name};

/// The most that our own reader accepts.
const MAX_PARTS: usize = 1024;

/// Plans one file, or as many as it takes for each to have at most `max_size` bytes. A tensor that is larger than that gets
/// a file of its own.
pub fn split(
    stem: &str,
    fields: MetadataFields,
    tensors: Vec<TensorPlan>,
    max_size: Option<u64>,
) -> Result<Vec<FilePlan>, ConvertError> {
    let total = tensors.len();
    let mut parts = match max_size {
        Some(max_size) => partition(&fields, tensors, max_size),
        None => vec![tensors],
    };
    let count = parts.len();
    if count == 1 {
        let tensors = parts.remove(0);
        return Ok(vec![FilePlan { name: format!("{stem}.gguf"), fields, tensors }]);
    }
    if count > MAX_PARTS {
        return Err(ConvertError::TooManyParts { parts: count, limit: MAX_PARTS });
    }
    // The first part holds the model's metadata, the others only their place in the split.
    let mut model_fields = Some(fields);
    let plan_part = |(index, tensors): (usize, Vec<TensorPlan>)| {
        let mut fields = model_fields.take().unwrap_or_default();
        fields.extend(split_fields(index, count, total));
        FilePlan { name: part_name(stem, index + 1, count), fields, tensors }
    };
    Ok(parts.into_iter().enumerate().map(plan_part).collect())
}

fn partition(fields: &MetadataFields, tensors: Vec<TensorPlan>, max_size: u64) -> Vec<Vec<TensorPlan>> {
    let header_len = |fields: &MetadataFields| GgufLayout::new(fields, &[]).map_or(0, |layout| layout.file_len());
    // An upper bound: the length of the split fields does not depend on their values, and the two headers are padded
    // separately here, once in the file.
    let split_len = header_len(&split_fields(0, 0, 0));
    let mut used = header_len(fields) + split_len;
    let mut parts = vec![Vec::new()];
    for plan in tensors {
        let len = plan.tensor.len_in_file().unwrap_or(u64::MAX);
        let last = parts.len() - 1;
        if !parts[last].is_empty() && used.saturating_add(len) > max_size {
            parts.push(vec![plan]);
            used = split_len.saturating_add(len);
        } else {
            used = used.saturating_add(len);
            parts[last].push(plan);
        }
    }
    parts
}

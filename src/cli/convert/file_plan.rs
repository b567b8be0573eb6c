//! The plan of an output file.

use super::error::ConvertError;
use super::metadata::MetadataFields;
use crate::weights::gguf::{GgufLayout, NewTensor};

/// The name of a tensor in the checkpoint, and its shape.
pub type NamedShape = (String, Vec<usize>);

/// One output file.
pub struct FilePlan {
    /// Its final name.
    pub name: String,
    /// Its metadata.
    pub fields: MetadataFields,
    /// Its tensors, in the order of the file.
    pub tensors: Vec<TensorPlan>,
}

impl FilePlan {
    /// Header and offsets of the file.
    pub fn layout(&self) -> Result<GgufLayout, ConvertError> {
        let tensors: Vec<NewTensor> = self.tensors.iter().map(|plan| plan.tensor.clone()).collect();
        GgufLayout::new(&self.fields, &tensors).ok_or_else(|| ConvertError::PartialBlocks { file: self.name.clone() })
    }
}

/// One tensor of an output file.
pub struct TensorPlan {
    /// Name, type and shape in the file.
    pub tensor: NewTensor,
    /// Where its values come from.
    pub source: TensorOrigin,
}

/// Where the values of a tensor come from.
pub enum TensorOrigin {
    /// A tensor of the checkpoint.
    Checkpoint(NamedShape),
    /// The rows of a tensor of the checkpoint, or the values of a vector, from one on.
    Rows(NamedShape, usize),
    /// One frame of a patch embedding, whose shape is width × colours × frames × height × width.
    PatchFrame(NamedShape, usize),
    /// Values computed by the plan.
    Values(Vec<f32>),
}

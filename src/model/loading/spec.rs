//! The description of a tensor that a model requires.

use crate::weights::{Checkpoint, WeightsError};

/// A tensor that a checkpoint must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    /// Its name, without the prefixes that checkpoints put before it.
    pub name: String,
    /// The shape that it must have.
    pub shape: Vec<usize>,
    /// A GGUF file may hold it as this many tensors instead, one for each frame, named `{name}.{frame}`.
    pub frames: Option<usize>,
}

impl TensorSpec {
    /// Whether a checkpoint holds it, in a type that can be read or not.
    pub fn is_in(&self, checkpoint: &Checkpoint) -> bool {
        checkpoint.mentions(&self.name) || self.frames.is_some_and(|_| checkpoint.mentions(&format!("{}.0", self.name)))
    }

    /// Checks type and shape without reading it. A tensor that is split into frames is checked when it is read.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<(), WeightsError> {
        if self.frames.is_some() && !checkpoint.mentions(&self.name) && self.is_in(checkpoint) {
            return Ok(());
        }
        checkpoint.check(&self.name, &self.shape)
    }
}

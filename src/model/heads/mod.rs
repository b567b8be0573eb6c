//! Heads: from the final hidden state of a prompt to a logit.
//!
//! [`HeadTensors`] finds the head in a checkpoint without reading it, so that a model can be checked before it is
//! loaded; [`ScoreHead`] is the loaded head. A head is rows of a matrix, or layers of its own: a
//! pooler and a classifier, or the modules of a sentence-transformers model.

mod classifier;
mod embedding;
mod layers;
mod modules;
mod places;
mod score;
mod tensors;
mod yes_no;

pub use embedding::EmbeddingHead;
pub use layers::HeadPlace;
pub use modules::{HeadModules, ModuleList};
pub use places::head_places;
pub use score::ScoreHead;
pub use tensors::HeadTensors;

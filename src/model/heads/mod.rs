//! Heads: from the final hidden state of a prompt to a logit.
//!
//! [`HeadTensors`] finds the head in a checkpoint without reading it, so that a model can be checked before it is
//! loaded; [`ScoreHead`] is the loaded head. A head with layers of its own (a pooler, a chain of modules) is another
//! variant of both.

mod classifier;
mod score;
mod tensors;
mod yes_no;

pub use score::{ScoreHead, sigmoid};
pub use tensors::HeadTensors;

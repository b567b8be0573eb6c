//! What to compute for a request, and what happens around it: progress, partial results, cancellation.

mod error;
mod load;
mod observer;
mod rerank;

pub use error::Error;
pub use load::{Info, LoadOptions};
pub use observer::{Observer, Progress, Stage};

use crate::model::TextReranker;
use crate::prompt::Prompter;

/// A loaded reranker.
pub struct Engine {
    model: TextReranker,
    prompter: Prompter,
    info: Info,
}

impl Engine {
    /// What is loaded, and where it runs.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// The model itself, for comparison with the reference.
    pub fn model(&self) -> &TextReranker {
        &self.model
    }
}

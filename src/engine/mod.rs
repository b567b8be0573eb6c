//! What to compute for a request, and what happens around it: progress, partial results, cancellation.

mod error;
mod files;
mod load;
mod observer;
mod pictures;
mod rerank;

pub use error::Error;
pub use files::{FileIn, ModelFiles};
pub use load::{Info, LoadOptions};
pub use observer::{Observer, Progress, Stage};
pub use pictures::{NoPictures, PictureSource};

use crate::media::SizeLimits;
use crate::model::Reranker;
use crate::prompt::Prompter;

/// A loaded reranker.
pub struct Engine {
    model: Reranker,
    prompter: Prompter,
    info: Info,
    image_limits: SizeLimits,
}

impl Engine {
    /// What is loaded, and where it runs.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// The model itself, for comparison with the reference.
    pub fn model(&self) -> &Reranker {
        &self.model
    }
}

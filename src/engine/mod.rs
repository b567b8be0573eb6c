//! What to compute for a request, and what happens around it: progress, partial results, cancellation.

mod batch;
mod cache;
mod error;
mod file_fault;
mod load;
mod manifest;
mod observer;
mod open_model;
mod pictures;
mod rerank;

pub use error::Error;
pub use load::{Info, LoadOptions, Savings};
pub use manifest::{FileLocation, Manifest, ModelLocation};
pub use observer::{Observer, Progress, Stage};
pub use open_model::OpenedModel;
pub use pictures::{NoPictures, PictureSource};

use std::cell::{Cell, RefCell};

use self::batch::RowBudget;
use self::cache::{PrefixEntry, VisionCache};
use crate::media::SizeLimits;
use crate::model::Reranker;
use crate::prompt::Prompter;

/// A loaded reranker.
pub struct Engine {
    model: Reranker,
    prompter: Prompter,
    info: Info,
    image_limits: SizeLimits,
    savings: Savings,
    budget: Cell<RowBudget>,
    vision_cache: RefCell<VisionCache>,
    prefix_cache: RefCell<Option<PrefixEntry>>,
}

impl Engine {
    /// What is loaded, and where it runs.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// What makes the prompts.
    pub fn prompter(&self) -> &Prompter {
        &self.prompter
    }

    /// The model itself, for comparison with the reference.
    pub fn model(&self) -> &Reranker {
        &self.model
    }
}

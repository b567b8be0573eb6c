//! What to compute for a request, and what surrounds it: progress, partial results, cancellation.

mod content_hash;
mod core;
mod document;
mod error;
mod files;
mod info;
mod load;
mod observer;
mod options;
mod pictures;
mod prefix_cache;
mod progress;
mod request_options;
mod rerank;
mod row_budget;
mod run;
mod shared_prefix;
mod tally;
mod vision_cache;
mod visual_encoder;

pub use self::core::Engine;
pub use error::Error;
pub use files::{FileIn, ModelFiles, Opened, open_prompter};
pub use info::ModelInfo;
pub use observer::Observer;
pub use options::{LoadOptions, Optimizations};
pub use pictures::{NoPictures, PictureSource};
pub use progress::{LoadProgress, LoadStage};
pub use request_options::RequestOptions;

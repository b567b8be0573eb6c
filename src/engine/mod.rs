//! What to compute for a request, and what surrounds it: progress, partial results, cancellation.

mod content_hash;
mod core;
mod document;
mod encoder_files;
mod error;
mod file_fault;
mod info;
mod load;
mod manifest;
mod observer;
mod open_model;
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
pub use info::ModelInfo;
pub use manifest::{FileLocation, Manifest, ModelLocation};
pub use observer::Observer;
pub use open_model::OpenedModel;
pub use options::{LoadOptions, Optimizations};
pub use pictures::{NoPictures, PictureSource};
pub use progress::{LoadProgress, LoadStage};
pub use request_options::RequestOptions;

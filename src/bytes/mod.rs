//! Where bytes come from: the traits [`Source`] (one file) and [`Folder`] (several), and their implementations in memory,
//! on disk and over HTTP. Knows nothing of what the bytes mean.

mod error;
#[cfg(not(target_arch = "wasm32"))]
mod file;
mod source;
#[cfg(not(target_arch = "wasm32"))]
mod url;

pub use error::WeightsError;
#[cfg(not(target_arch = "wasm32"))]
pub use file::{DirectoryFolder, FileSource};
pub use source::{Folder, LocalBoxFuture, MemoryFolder, MemorySource, Source, read_required, read_whole};
pub(crate) use source::{beyond_the_end, refuse_html};
#[cfg(not(target_arch = "wasm32"))]
pub use url::{UrlFolder, fetch};

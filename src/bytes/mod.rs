//! Where bytes come from: the traits [`Source`] (one file) and [`Folder`] (several), and their implementations in
//! memory, on disk and over HTTP. Knows nothing of what the bytes mean.

mod address;
mod error;
#[cfg(not(target_arch = "wasm32"))]
mod file;
mod folder_file;
pub mod http;
mod hub;
mod memory;
mod read;
mod source;
#[cfg(not(target_arch = "wasm32"))]
mod url;

pub use address::FileAddress;
pub use error::{FileFault, SourceError};
#[cfg(not(target_arch = "wasm32"))]
pub use file::{DirectoryFolder, FileSource};
pub use folder_file::FolderFile;
pub use hub::{DEFAULT_HUB, HubAddressError, hub_url};
pub use memory::{MemoryFolder, MemorySource};
pub(crate) use read::{read_json, refuse_html};
pub use read::{read_required, read_whole};
pub use source::{Folder, LocalBoxFuture, OpenResult, Source};
#[cfg(not(target_arch = "wasm32"))]
pub use url::{UrlFolder, fetch};

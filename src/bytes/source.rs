//! The two traits through which files are read: [`Source`] for one file, [`Folder`] for several.

use std::future::Future;
use std::pin::Pin;

use super::error::SourceError;

/// A boxed future that stays on its thread, as a browser's futures do.
pub type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// What opening a file gives: `None` if the folder has no file of that name.
pub type OpenResult = Result<Option<Box<dyn Source>>, SourceError>;

/// One file, read at random offsets.
#[allow(clippy::len_without_is_empty)] // nobody asks a file of weights whether it is empty
pub trait Source {
    /// The name used in messages.
    fn name(&self) -> &str;
    /// Bytes in the file.
    fn len(&self) -> u64;
    /// Exactly `len` bytes from `offset`, or an error.
    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, SourceError>>;
}

/// Several files under one name: a directory, a base URL.
///
/// ```
/// use secondpass::bytes::{Folder, MemoryFolder};
///
/// let folder = MemoryFolder::default().with("config.json", *b"{}");
/// let source = pollster::block_on(folder.open("config.json"))?.expect("it was just added");
/// assert_eq!(pollster::block_on(source.read(0, 2))?, b"{}");
/// assert!(pollster::block_on(folder.open("other.json"))?.is_none());
/// # Ok::<(), secondpass::bytes::SourceError>(())
/// ```
pub trait Folder {
    /// The name used in messages and as the model's name.
    fn name(&self) -> &str;

    /// Opens a file. Its bytes need not be transferred before the first read.
    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, OpenResult>;

    /// Opens one of several files that are all opened before any of them is read. A folder on a host does not keep a
    /// connection open for each.
    fn open_part<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, OpenResult> {
        self.open(file)
    }
}

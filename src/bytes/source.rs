//! The two traits through which bytes come in, and their simplest implementation.

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::pin::Pin;
use std::rc::Rc;

use super::WeightsError;

/// A future that stays on its thread: a browser's do.
pub type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// One file.
#[allow(clippy::len_without_is_empty)] // nobody asks a file of weights whether it is empty
pub trait Source {
    /// The name used in messages.
    fn name(&self) -> &str;
    /// Bytes in the file.
    fn len(&self) -> u64;
    /// Exactly `len` bytes from `offset`, or an error.
    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, WeightsError>>;
}

/// A place that holds several files: a directory, a URL.
pub trait Folder {
    /// The name used in messages and as the model's name.
    fn name(&self) -> &str;
    /// Opens a file; `None` if there is none of that name.
    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, Result<Option<Box<dyn Source>>, WeightsError>>;
}

/// Reads a small file whole; one larger than `limit` is refused before it is read.
pub async fn read_whole(source: &dyn Source, limit: u64) -> Result<Vec<u8>, WeightsError> {
    if source.len() > limit {
        return Err(WeightsError::BadResponse {
            file: source.name().to_owned(),
            detail: format!("it has {} bytes, more than the {limit} that such a file may have", source.len()),
        });
    }
    source.read(0, source.len() as usize).await
}

/// Reads a small JSON file that must exist.
pub async fn read_required(folder: &dyn Folder, file: &str, limit: u64) -> Result<Vec<u8>, WeightsError> {
    let source = folder.open(file).await?.ok_or_else(|| WeightsError::NotFound { file: file.to_owned() })?;
    let bytes = read_whole(&*source, limit).await?;
    refuse_html(file, &bytes)?;
    Ok(bytes)
}

/// A server that answers everything with its start page is the commonest mistake in an address.
pub(crate) fn refuse_html(file: &str, bytes: &[u8]) -> Result<(), WeightsError> {
    match bytes.iter().find(|b| !b.is_ascii_whitespace()) {
        Some(b'<') => Err(WeightsError::BadResponse {
            file: file.to_owned(),
            detail: "the server sent an HTML page; check the model's address".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// A file in memory.
pub struct MemorySource {
    name: String,
    bytes: Rc<[u8]>,
}

impl MemorySource {
    /// A file of that name with these bytes.
    pub fn new(name: impl Into<String>, bytes: impl Into<Rc<[u8]>>) -> Self {
        Self { name: name.into(), bytes: bytes.into() }
    }
}

impl Source for MemorySource {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, WeightsError>> {
        let range = usize::try_from(offset).ok().and_then(|from| self.bytes.get(from..from.checked_add(len)?));
        let result = range.map(<[u8]>::to_vec).ok_or_else(|| beyond_the_end(&self.name));
        Box::pin(ready(result))
    }
}

pub(crate) fn beyond_the_end(file: &str) -> WeightsError {
    WeightsError::Invalid { file: file.to_owned(), detail: "it ends too early: it is truncated".to_owned() }
}

/// Files in memory.
#[derive(Default)]
pub struct MemoryFolder {
    files: BTreeMap<String, Rc<[u8]>>,
}

impl MemoryFolder {
    /// Adds a file.
    pub fn with(mut self, name: impl Into<String>, bytes: impl Into<Rc<[u8]>>) -> Self {
        self.files.insert(name.into(), bytes.into());
        self
    }
}

impl Folder for MemoryFolder {
    fn name(&self) -> &str {
        "memory"
    }

    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, Result<Option<Box<dyn Source>>, WeightsError>> {
        let source = self.files.get(file).map(|bytes| MemorySource::new(file, bytes.clone()));
        Box::pin(ready(Ok(source.map(|s| Box::new(s) as Box<dyn Source>))))
    }
}

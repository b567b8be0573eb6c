//! Files in memory.

use std::collections::BTreeMap;
use std::future::ready;
use std::rc::Rc;

use super::error::SourceError;
use super::source::{Folder, LocalBoxFuture, OpenResult, Source};

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

    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, SourceError>> {
        let range = usize::try_from(offset).ok().and_then(|from| self.bytes.get(from..from.checked_add(len)?));
        let result = range.map(<[u8]>::to_vec).ok_or_else(|| SourceError::truncated(&self.name));
        Box::pin(ready(result))
    }
}

/// Files in memory, by name.
///
/// ```
/// use secondpass::bytes::{MemoryFolder, read_required};
///
/// let folder = MemoryFolder::default().with("config.json", *b"{}").with("empty.json", []);
/// assert_eq!(pollster::block_on(read_required(&folder, "empty.json", 100))?, b"");
/// # Ok::<(), secondpass::bytes::SourceError>(())
/// ```
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

    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, OpenResult> {
        let source = self.files.get(file).map(|bytes| MemorySource::new(file, bytes.clone()));
        Box::pin(ready(Ok(source.map(|s| Box::new(s) as Box<dyn Source>))))
    }
}

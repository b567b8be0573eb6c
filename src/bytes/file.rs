//! Files on disk.

use std::fs::File;
use std::future::ready;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::error::SourceError;
use super::source::{Folder, LocalBoxFuture, OpenResult, Source};

/// A directory on disk.
///
/// ```
/// use secondpass::bytes::{DirectoryFolder, Folder};
///
/// let folder = DirectoryFolder::new("no/such/directory");
/// assert_eq!(folder.name(), "directory");
/// assert!(pollster::block_on(folder.open("config.json"))?.is_none());
/// # Ok::<(), secondpass::bytes::SourceError>(())
/// ```
pub struct DirectoryFolder {
    path: PathBuf,
    name: String,
}

impl DirectoryFolder {
    /// The directory at `path`; it is not touched before a file is opened.
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        Self { path, name }
    }
}

impl Folder for DirectoryFolder {
    fn name(&self) -> &str {
        &self.name
    }

    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, OpenResult> {
        Box::pin(ready(FileSource::open(&self.path.join(file)).map(|s| s.map(|s| Box::new(s) as Box<dyn Source>))))
    }
}

/// A file on disk.
pub struct FileSource {
    name: String,
    file: File,
    len: u64,
}

impl FileSource {
    /// Opens a file; `None` if there is none.
    pub fn open(path: &Path) -> Result<Option<Self>, SourceError> {
        let name = path.display().to_string();
        let file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(failed(&name, &e)),
        };
        let len = file.metadata().map_err(|e| failed(&name, &e))?.len();
        Ok(Some(Self { name, file, len }))
    }

    fn read_now(&self, offset: u64, len: usize) -> Result<Vec<u8>, SourceError> {
        if offset.checked_add(len as u64).is_none_or(|end| end > self.len) {
            return Err(SourceError::truncated(&self.name));
        }
        let mut bytes = vec![0; len];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|e| failed(&self.name, &e))?;
        Ok(bytes)
    }
}

fn failed(file: &str, error: &std::io::Error) -> SourceError {
    SourceError::bad_response(file, error.to_string())
}

impl Source for FileSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, SourceError>> {
        Box::pin(ready(self.read_now(offset, len)))
    }
}

//! Files on disk.

use std::fs::File;
use std::future::ready;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::WeightsError;
use super::source::{Folder, LocalBoxFuture, Source, beyond_the_end};

/// A directory.
pub struct DirectoryFolder {
    path: PathBuf,
    name: String,
}

impl DirectoryFolder {
    /// The directory at `path`; it is not looked at until a file is asked for.
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

    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, Result<Option<Box<dyn Source>>, WeightsError>> {
        Box::pin(ready(FileSource::open(&self.path.join(file)).map(|s| s.map(|s| Box::new(s) as Box<dyn Source>))))
    }
}

/// A file.
pub struct FileSource {
    name: String,
    file: File,
    len: u64,
}

impl FileSource {
    /// Opens a file; `None` if there is none.
    pub fn open(path: &Path) -> Result<Option<Self>, WeightsError> {
        let name = path.display().to_string();
        let file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(failed(&name, &e)),
        };
        let len = file.metadata().map_err(|e| failed(&name, &e))?.len();
        Ok(Some(Self { name, file, len }))
    }

    fn read_now(&self, offset: u64, len: usize) -> Result<Vec<u8>, WeightsError> {
        if offset.checked_add(len as u64).is_none_or(|end| end > self.len) {
            return Err(beyond_the_end(&self.name));
        }
        let mut bytes = vec![0; len];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|e| failed(&self.name, &e))?;
        Ok(bytes)
    }
}

fn failed(file: &str, error: &std::io::Error) -> WeightsError {
    WeightsError::BadResponse { file: file.to_owned(), detail: error.to_string() }
}

impl Source for FileSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, WeightsError>> {
        Box::pin(ready(self.read_now(offset, len)))
    }
}

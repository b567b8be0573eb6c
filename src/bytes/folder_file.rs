//! A file that a model consists of, whether its folder has it or not.

use std::rc::Rc;

use super::error::SourceError;
use super::source::{Folder, Source};

/// A named file of a folder. That it is missing is reported by whoever needs it.
#[derive(Clone)]
pub struct FolderFile {
    name: String,
    source: Option<Rc<dyn Source>>,
}

impl FolderFile {
    /// Opens a file.
    pub async fn open(folder: &dyn Folder, name: &str) -> Result<Self, SourceError> {
        let source = folder.open(name).await?.map(Rc::from);
        Ok(Self { name: name.to_owned(), source })
    }

    /// Opens one of several files, as [`Folder::open_part`] does.
    pub async fn open_part(folder: &dyn Folder, name: &str) -> Result<Self, SourceError> {
        let source = folder.open_part(name).await?.map(Rc::from);
        Ok(Self { name: name.to_owned(), source })
    }

    /// The file's name in its folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the folder has it.
    pub fn exists(&self) -> bool {
        self.source.is_some()
    }

    /// Its bytes; [`SourceError::NotFound`] if the folder does not have it.
    pub fn source(&self) -> Result<Rc<dyn Source>, SourceError> {
        self.source.clone().ok_or_else(|| SourceError::NotFound { file: self.name.clone() })
    }
}

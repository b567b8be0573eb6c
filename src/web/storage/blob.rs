//! A file that the user picked.

use std::future::ready;

use super::js::{self, Blob};
use crate::bytes::{Folder, LocalBoxFuture, Source, WeightsError};

/// A folder with one file in it.
pub struct BlobFolder {
    name: String,
    blob: Blob,
}

impl BlobFolder {
    /// Under its own name, or under this one if it has none.
    pub fn new(blob: Blob, otherwise: &str) -> Self {
        Self { name: blob.name().unwrap_or_else(|| otherwise.to_owned()), blob }
    }
}

impl Folder for BlobFolder {
    fn name(&self) -> &str {
        &self.name
    }

    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, Result<Option<Box<dyn Source>>, WeightsError>> {
        let source = (file == self.name).then(|| BlobSource { name: self.name.clone(), blob: self.blob.clone() });
        Box::pin(ready(Ok(source.map(|s| Box::new(s) as Box<dyn Source>))))
    }
}

struct BlobSource {
    name: String,
    blob: Blob,
}

impl Source for BlobSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> u64 {
        self.blob.size() as u64
    }

    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, WeightsError>> {
        Box::pin(async move {
            let end = offset.checked_add(len as u64).filter(|&end| end <= self.len());
            let end = end.ok_or_else(|| WeightsError::Invalid {
                file: self.name.clone(),
                detail: "it ends too early: it is truncated".to_owned(),
            })?;
            // A file on disk can change or go after it was picked.
            let unreadable = |detail: String| WeightsError::Storage { file: self.name.clone(), detail };
            let bytes = js::bytes_of(&self.blob, offset, end).await;
            let bytes = bytes.map_err(|e| unreadable(format!("{:?}", js::failed(&e))))?;
            bytes.ok_or_else(|| unreadable("it is shorter than it was".to_owned()))
        })
    }
}

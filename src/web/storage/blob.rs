//! Files that the user picked.

use std::future::ready;

use wasm_bindgen::JsCast;
use web_sys::{Blob, File};

use super::js;
use crate::bytes::{Folder, LocalBoxFuture, OpenResult, Source, SourceError};

/// A folder with one file in it.
pub struct BlobFolder {
    name: String,
    blob: Blob,
}

impl BlobFolder {
    /// The file under its own name, or under this one if it has none.
    pub fn new(blob: Blob, unnamed: &str) -> Self {
        let name = blob.dyn_ref::<File>().map_or_else(|| unnamed.to_owned(), File::name);
        Self { name, blob }
    }
}

impl Folder for BlobFolder {
    fn name(&self) -> &str {
        &self.name
    }

    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, OpenResult> {
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

    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, SourceError>> {
        Box::pin(async move {
            let end = offset.checked_add(len as u64).filter(|&end| end <= self.len());
            let end = end.ok_or_else(|| SourceError::truncated(&self.name))?;
            // A file on disk can change or disappear after it was picked.
            let unreadable = |detail: String| SourceError::Storage { file: self.name.clone(), detail };
            let bytes = js::bytes_of(&self.blob, offset, end).await;
            let bytes = bytes.map_err(|e| unreadable(js::message_of(&e)))?;
            bytes.ok_or_else(|| unreadable("it is shorter than it was".to_owned()))
        })
    }
}

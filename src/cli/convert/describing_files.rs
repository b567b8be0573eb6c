//! The small files of a folder: all that a model consists of but its weights.

use super::error::OpenError;
use crate::bytes::read_whole;
use crate::engine::Manifest;
use crate::weights::gguf::{EmbeddedFile, MAX_STRING_BYTES};

/// Reads those that exist.
pub async fn describing_files(manifest: &Manifest) -> Result<Vec<EmbeddedFile>, OpenError> {
    let mut files = Vec::new();
    for file in manifest.files().filter(|file| file.exists() && file.name().ends_with(".json")) {
        // Before the white space in it is left out, a file may be larger than what a GGUF file can hold.
        let bytes = read_whole(&*file.source()?, 4 * MAX_STRING_BYTES).await?;
        let text = String::from_utf8(bytes).map_err(|_| OpenError::NotUtf8(file.name().to_owned()))?;
        files.push(EmbeddedFile { name: file.name().to_owned(), text });
    }
    Ok(files)
}

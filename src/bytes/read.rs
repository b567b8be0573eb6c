//! Reading small files whole.

use super::error::SourceError;
use super::source::{Folder, Source};

/// Reads a small file whole; one larger than `limit` is refused before it is read.
pub async fn read_whole(source: &dyn Source, limit: u64) -> Result<Vec<u8>, SourceError> {
    if source.len() > limit {
        let detail = format!("it has {} bytes, more than the {limit} that such a file may have", source.len());
        return Err(SourceError::bad_response(source.name(), detail));
    }
    source.read(0, source.len() as usize).await
}

/// Reads a small JSON file that must exist.
///
/// ```
/// use secondpass::bytes::{MemoryFolder, read_required};
///
/// let folder = MemoryFolder::default().with("config.json", *b"{}");
/// assert_eq!(pollster::block_on(read_required(&folder, "config.json", 100))?, b"{}");
/// let missing = pollster::block_on(read_required(&folder, "tokenizer.json", 100));
/// assert_eq!(missing.unwrap_err().code(), "not_found");
/// # Ok::<(), secondpass::bytes::SourceError>(())
/// ```
pub async fn read_required(folder: &dyn Folder, file: &str, limit: u64) -> Result<Vec<u8>, SourceError> {
    let source = folder.open(file).await?.ok_or_else(|| SourceError::NotFound { file: file.to_owned() })?;
    read_json(&*source, file, limit).await
}

/// Reads a small JSON file.
pub(crate) async fn read_json(source: &dyn Source, file: &str, limit: u64) -> Result<Vec<u8>, SourceError> {
    let bytes = read_whole(source, limit).await?;
    refuse_html(file, &bytes)?;
    Ok(bytes)
}

/// A server that answers every path with its start page is the commonest mistake in an address.
pub(crate) fn refuse_html(file: &str, bytes: &[u8]) -> Result<(), SourceError> {
    match bytes.iter().find(|b| !b.is_ascii_whitespace()) {
        Some(b'<') => Err(SourceError::bad_response(file, "the server sent an HTML page; check the model's address")),
        _ => Ok(()),
    }
}

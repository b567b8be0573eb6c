//! Keys of documents and queries: equal where a model reads the same.

use std::time::UNIX_EPOCH;

use super::entries::CollectionEntry;
use super::store::{ContentKey, key};
use crate::api::InputType;

/// The key of a text and its pictures, as a query or as a document.
pub fn content_key(entry: &CollectionEntry, role: InputType) -> ContentKey {
    let role: &[u8] = match role {
        InputType::Query => b"query",
        InputType::Document => b"document",
    };
    let pictures: Vec<String> = entry.pictures.iter().map(|path| format!("{path} {}", version(path))).collect();
    let parts: Vec<&[u8]> =
        [role, entry.text.as_bytes()].into_iter().chain(pictures.iter().map(String::as_bytes)).collect();
    key(&parts)
}

/// The key of a query together with a document.
pub fn pair_key(query: &ContentKey, document: &ContentKey) -> ContentKey {
    key(&[query, document])
}

/// Size and time of a file. Of a URL nothing is known.
fn version(path: &str) -> String {
    let Ok(about) = std::fs::metadata(path.strip_prefix("file://").unwrap_or(path)) else { return String::new() };
    let changed = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    format!("{} {}", about.len(), changed.as_nanos())
}

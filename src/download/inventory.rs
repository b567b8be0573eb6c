//! Lists, checks and removes stored files.

use serde::Serialize;

use super::integrity::{Integrity, IntegrityHasher};
use super::journal::{Journal, JournalEvent, checksum};
use super::store::{Store, StoreEntry, StoreError, storage_key};

/// A stored file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredFileInfo {
    /// Where it came from.
    pub url: String,
    /// Its length.
    pub bytes: u64,
    /// Bytes of it that are stored.
    pub stored: u64,
    /// Whether all of it is stored.
    pub complete: bool,
    /// Its hash, where it was computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
}

/// The result of comparing a stored file with its checksums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredFileCheck {
    /// Where it came from.
    pub url: String,
    /// Whether all of it is stored and undamaged.
    pub ok: bool,
    /// Its length.
    pub bytes: u64,
    /// Bytes of it that are missing or damaged, and are fetched again when it is next loaded.
    pub bad: u64,
    /// Its hash, if all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
}

/// Describes every stored file.
pub async fn list(store: &dyn Store) -> Result<Vec<StoredFileInfo>, StoreError> {
    let mut listed = Vec::new();
    for key in store.keys().await? {
        let Some(journal) = Journal::parse(&store.entry(&key).journal().await?) else { continue };
        if journal.identity.absent {
            continue;
        }
        listed.push(StoredFileInfo {
            url: journal.identity.url.clone(),
            bytes: journal.identity.len,
            stored: journal.stored_bytes(),
            complete: journal.complete(),
            integrity: journal.digest.map(|d| d.to_string()),
        });
    }
    listed.sort_by(|a, b| a.url.cmp(&b.url));
    Ok(listed)
}

/// Removes the file at a URL or all files in the folder there; without a URL, all. Returns how many.
pub async fn remove(store: &dyn Store, url: Option<&str>) -> Result<usize, StoreError> {
    let mut removed = 0;
    for key in store.keys().await? {
        // An unreadable entry belongs to no URL; it is removed with all.
        let journal = Journal::parse(&store.entry(&key).journal().await?);
        let absent = journal.as_ref().is_none_or(|j| j.identity.absent);
        if url.is_none_or(|url| journal.is_some_and(|j| covers(url, &j.identity.url))) {
            let _lock = store.lock(&key).await?;
            store.remove(&key).await?;
            removed += usize::from(!absent);
        }
    }
    Ok(removed)
}

/// Reads the file at a URL or all files in the folder there, and notes which of their pieces are damaged.
pub async fn check(store: &dyn Store, url: &str) -> Result<Vec<StoredFileCheck>, StoreError> {
    let mut checked = Vec::new();
    for key in store.keys().await? {
        let entry = store.entry(&key);
        let Some(journal) = Journal::parse(&entry.journal().await?) else { continue };
        if !journal.identity.absent && covers(url, &journal.identity.url) {
            let _lock = store.lock(&key).await?;
            // Once more, now that nobody else writes it.
            let Some(journal) = Journal::parse(&entry.journal().await?) else { continue };
            checked.push(check_one(&*entry, journal).await?);
        }
    }
    checked.sort_by(|a, b| a.url.cmp(&b.url));
    Ok(checked)
}

async fn check_one(entry: &dyn StoreEntry, journal: Journal) -> Result<StoredFileCheck, StoreError> {
    let (identity, mut hasher, mut bad) = (&journal.identity, IntegrityHasher::default(), 0);
    for index in 0..identity.pieces() {
        let len = identity.len_of(index);
        let Some(want) = journal.pieces[index as usize] else {
            bad += len as u64;
            continue;
        };
        match entry.get(identity.location(index), 0, len).await? {
            Some(bytes) if checksum(&bytes) == want => hasher.update(&bytes),
            _ => {
                bad += len as u64;
                entry.append(&JournalEvent::Lost(index).line()).await?;
            }
        }
    }
    let digest: Option<Integrity> = (bad == 0).then(|| hasher.finish());
    if let Some(digest) = digest.filter(|d| journal.digest != Some(*d)) {
        entry.append(&JournalEvent::Whole(digest).line()).await?;
    }
    entry.close().await?;
    let (url, integrity) = (identity.url.clone(), digest.map(|d| d.to_string()));
    Ok(StoredFileCheck { url, ok: bad == 0, bytes: identity.len, bad, integrity })
}

/// Remembers that the host has no such file, so that the next load does not ask.
pub async fn remember_absent(store: &dyn Store, url: &str) -> Result<(), StoreError> {
    let key = storage_key(url);
    let _lock = store.lock(&key).await?;
    let entry = store.entry(&key);
    entry.reset(&Journal::absent(url).first_line(), 0).await?;
    entry.close().await
}

/// Whether a stored file is the one at a URL, or is in the folder there. A query string has to agree.
fn covers(url: &str, stored: &str) -> bool {
    let split =
        |url: &'_ str| url.split_once('?').map_or((url.to_owned(), None), |(p, q)| (p.to_owned(), Some(q.to_owned())));
    let ((path, query), (file, file_query)) = (split(url), split(stored));
    let folder = format!("{}/", path.trim_end_matches('/'));
    (path == file || file.starts_with(&folder)) && (query.is_none() || query == file_query)
}

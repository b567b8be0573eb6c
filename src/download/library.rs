//! What is stored, file by file: to be listed, checked and removed.

use serde::Serialize;

use super::integrity::{Hasher, Integrity, key_of};
use super::journal::{Event, Journal, checksum};
use super::open::absent;
use super::ports::{Entry, Store, StoreError};

/// A stored file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Where it came from.
    pub url: String,
    /// Bytes of it.
    pub bytes: u64,
    /// Bytes of it that are stored.
    pub stored: u64,
    /// Whether all of it is.
    pub complete: bool,
    /// Its hash, where it was computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
}

/// A stored file that was read and compared with its checksums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Where it came from.
    pub url: String,
    /// Whether all of it is there and undamaged.
    pub ok: bool,
    /// Bytes of it.
    pub bytes: u64,
    /// Bytes of it that are missing or damaged, and are fetched again when it is next loaded.
    pub bad: u64,
    /// Its hash, if all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
}

/// Every file.
pub async fn list(store: &dyn Store) -> Result<Vec<Listed>, StoreError> {
    let mut listed = Vec::new();
    for key in store.keys().await? {
        let Some(journal) = Journal::parse(&store.entry(&key).journal().await?) else { continue };
        if journal.identity.absent {
            continue;
        }
        listed.push(Listed {
            url: journal.identity.url.clone(),
            bytes: journal.identity.len,
            stored: journal.stored(),
            complete: journal.complete(),
            integrity: journal.digest.map(|d| d.to_string()),
        });
    }
    listed.sort_by(|a, b| a.url.cmp(&b.url));
    Ok(listed)
}

/// Removes the files at and under an address, all if there is none; how many they were.
pub async fn remove(store: &dyn Store, url: Option<&str>) -> Result<usize, StoreError> {
    let mut removed = 0;
    for key in store.keys().await? {
        // What cannot be read is of nobody, and goes with all.
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

/// Reads the files at and under an address, and notes which of their pieces are bad.
pub async fn check(store: &dyn Store, url: &str) -> Result<Vec<Checked>, StoreError> {
    let mut checked = Vec::new();
    for key in store.keys().await? {
        let entry = store.entry(&key);
        let Some(journal) = Journal::parse(&entry.journal().await?) else { continue };
        if !journal.identity.absent && covers(url, &journal.identity.url) {
            let _lock = store.lock(&key).await?;
            // As it is now that nobody else writes it.
            let Some(journal) = Journal::parse(&entry.journal().await?) else { continue };
            checked.push(check_one(&*entry, journal).await?);
        }
    }
    checked.sort_by(|a, b| a.url.cmp(&b.url));
    Ok(checked)
}

async fn check_one(entry: &dyn Entry, journal: Journal) -> Result<Checked, StoreError> {
    let (identity, mut hasher, mut bad) = (&journal.identity, Hasher::default(), 0);
    for index in 0..identity.pieces() {
        let len = identity.len_of(index);
        let Some(want) = journal.pieces[index as usize] else {
            bad += len as u64;
            continue;
        };
        match entry.get(identity.place(index), 0, len).await? {
            Some(bytes) if checksum(&bytes) == want => hasher.update(&bytes),
            _ => {
                bad += len as u64;
                entry.append(&Event::Lost(index).line()).await?;
            }
        }
    }
    let digest: Option<Integrity> = (bad == 0).then(|| hasher.finish());
    if let Some(digest) = digest.filter(|d| journal.digest != Some(*d)) {
        entry.append(&Event::Whole(digest).line()).await?;
    }
    entry.close().await?;
    let (url, integrity) = (identity.url.clone(), digest.map(|d| d.to_string()));
    Ok(Checked { url, ok: bad == 0, bytes: identity.len, bad, integrity })
}

/// Notes that the host has no such file, so that nobody asks again.
pub async fn remember_absent(store: &dyn Store, url: &str) -> Result<(), StoreError> {
    let key = key_of(url);
    let _lock = store.lock(&key).await?;
    let entry = store.entry(&key);
    entry.reset(&absent(url).first_line(), 0).await?;
    entry.close().await
}

/// Whether a stored file is the one at an address, or is in the folder there. A query string belongs to both.
fn covers(url: &str, stored: &str) -> bool {
    let split =
        |url: &'_ str| url.split_once('?').map_or((url.to_owned(), None), |(p, q)| (p.to_owned(), Some(q.to_owned())));
    let ((path, query), (file, file_query)) = (split(url), split(stored));
    let folder = format!("{}/", path.trim_end_matches('/'));
    (path == file || file.starts_with(&folder)) && (query.is_none() || query == file_query)
}

//! A place that keeps files. The implementations know a browser, or a simulation.

use sha2::{Digest, Sha256};

use crate::bytes::{LocalBoxFuture, SourceError};

/// Why storage failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// It is full.
    Full,
    /// Anything else.
    Failed(String),
}

impl StoreError {
    /// The error of a load of that file.
    pub fn for_file(self, file: &str) -> SourceError {
        match self {
            Self::Full => SourceError::StorageFull { file: file.to_owned(), needed: None, free: None },
            Self::Failed(detail) => SourceError::Storage { file: file.to_owned(), detail },
        }
    }
}

/// The future of an operation of storage.
pub type StoreFuture<'a, T> = LocalBoxFuture<'a, Result<T, StoreError>>;

/// Where a piece is in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceLocation {
    /// Its number.
    pub index: u32,
    /// Its first byte.
    pub offset: u64,
}

/// One stored file: its pieces, and a journal that says which of them are good.
pub trait StoreEntry {
    /// The journal, empty if there is none.
    fn journal(&self) -> StoreFuture<'_, Vec<u8>>;
    /// Clears the entry and starts with this journal, reserving this many bytes where [`Store::reserves_room`].
    fn reset<'a>(&'a self, journal: &'a [u8], room: u64) -> StoreFuture<'a, ()>;
    /// Appends to the journal.
    fn append<'a>(&'a self, line: &'a [u8]) -> StoreFuture<'a, ()>;
    /// Writes a piece.
    fn put<'a>(&'a self, location: PieceLocation, bytes: &'a [u8]) -> StoreFuture<'a, ()>;
    /// Reads `len` bytes from byte `from` of a piece; `None` if they are not all there.
    fn get(&self, location: PieceLocation, from: usize, len: usize) -> StoreFuture<'_, Option<Vec<u8>>>;
    /// Flushes what was written, and lets others read it.
    fn close(&self) -> StoreFuture<'_, ()>;
}

/// The exclusive right to write an entry, until it is dropped.
pub trait WriteLock {}

/// A place that keeps files by key.
pub trait Store {
    /// The entry of that key, whether it exists yet or not.
    fn entry(&self, key: &str) -> Box<dyn StoreEntry>;
    /// Waits for the exclusive right to write an entry.
    fn lock<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Box<dyn WriteLock>>;
    /// The keys of all entries.
    fn keys(&self) -> StoreFuture<'_, Vec<String>>;
    /// Removes an entry.
    fn remove<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()>;
    /// Whether an entry takes its whole room when it is reset, so that a lack of it is known before any transfer.
    fn reserves_room(&self) -> bool;
    /// Bytes that may still be stored, where that is known.
    fn free(&self) -> LocalBoxFuture<'_, Option<u64>>;
}

/// The key of a URL, of hexadecimal digits alone.
pub(super) fn storage_key(url: &str) -> String {
    Sha256::digest(url.as_bytes())[..16].iter().map(|b| format!("{b:02x}")).collect()
}

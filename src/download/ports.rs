//! What a download needs of the world: requests, a clock, and a place that keeps files. Tests script all three.

use crate::bytes::{LocalBoxFuture, WeightsError};

/// A request for a file or for a part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// Where the file is.
    pub url: String,
    /// The first and the last byte wanted; up to the end if the last is `u64::MAX`.
    pub range: (u64, u64),
    /// The validator of what is already here, for hosts to which it may be sent.
    pub if_range: Option<String>,
    /// Ask for the whole file without naming a range, as anybody would.
    pub plain: bool,
    /// The first for a file: should nothing come of it, it is worth a few requests to find out why.
    pub opens: bool,
}

/// What an answer says before its body.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Head {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Length`, where the body is not encoded.
    pub length: Option<u64>,
    /// `Content-Range`, as it came.
    pub range: Option<String>,
    /// Whether the body is compressed on its way, so that its length says nothing.
    pub encoded: bool,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub modified: Option<String>,
    /// `Content-Type`.
    pub kind: Option<String>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<f64>,
}

/// Why no answer came, or no more of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// The connection was not made, or broke.
    Network(String),
    /// The host answers, but does not allow this page to read it.
    Refused,
    /// The host answers, but not where a range is asked for. Some compress whatever they send, and a browser does not
    /// take a compressed range.
    Unranged,
    /// The caller does not want it any more.
    Aborted,
}

/// An answer whose body is read piece by piece. Dropping it ends the transfer.
pub trait Answer {
    /// What came before the body.
    fn head(&self) -> &Head;
    /// The next bytes; `None` after the last.
    fn next(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, Lost>>;
}

/// Sends requests.
pub trait Transport {
    /// Sends one. Dropping the future takes it back.
    fn send<'a>(&'a self, ask: &'a Ask) -> LocalBoxFuture<'a, Result<Box<dyn Answer>, Lost>>;
}

/// Time and chance.
pub trait Clock {
    /// Milliseconds since some start.
    fn now(&self) -> f64;
    /// Waits.
    fn sleep(&self, ms: f64) -> LocalBoxFuture<'static, ()>;
    /// A number from 0 to 1, for waits that should not be everybody's.
    fn random(&self) -> f64;
}

/// Why storage did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// It is full.
    Full,
    /// Anything else.
    Failed(String),
}

impl StoreError {
    /// As the caller of a load sees it.
    pub fn of(self, file: &str) -> WeightsError {
        match self {
            Self::Full => WeightsError::StorageFull { file: file.to_owned(), needed: None, free: None },
            Self::Failed(detail) => WeightsError::Storage { file: file.to_owned(), detail },
        }
    }
}

/// A future of storage.
pub type Stored<'a, T> = LocalBoxFuture<'a, Result<T, StoreError>>;

/// Where a piece is in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its number.
    pub index: u32,
    /// Its first byte.
    pub offset: u64,
}

/// One file in storage: its pieces, and a journal that says which of them are good.
pub trait Entry {
    /// The journal, empty if there is none.
    fn journal(&self) -> Stored<'_, Vec<u8>>;
    /// Forgets everything and starts with this journal, keeping room for so many bytes where [`Store::keeps_room`].
    fn reset<'a>(&'a self, journal: &'a [u8], room: u64) -> Stored<'a, ()>;
    /// Adds to the journal.
    fn append<'a>(&'a self, line: &'a [u8]) -> Stored<'a, ()>;
    /// Writes a piece.
    fn put<'a>(&'a self, place: Place, bytes: &'a [u8]) -> Stored<'a, ()>;
    /// Reads `len` bytes from byte `from` of a piece; `None` if they are not all there.
    fn get(&self, place: Place, from: usize, len: usize) -> Stored<'_, Option<Vec<u8>>>;
    /// Makes what was written safe, and lets others read it.
    fn close(&self) -> Stored<'_, ()>;
}

/// Keeps others from writing the same entry until it is dropped.
pub trait Lock {}

/// A place that keeps files by name.
pub trait Store {
    /// The file of that name, whether it exists yet or not.
    fn entry(&self, key: &str) -> Box<dyn Entry>;
    /// Waits for the exclusive right to write it.
    fn lock<'a>(&'a self, key: &'a str) -> Stored<'a, Box<dyn Lock>>;
    /// The names of all files.
    fn keys(&self) -> Stored<'_, Vec<String>>;
    /// Removes a file.
    fn remove<'a>(&'a self, key: &'a str) -> Stored<'a, ()>;
    /// Whether room is taken when a file is begun, so that a lack of it is known before anything is fetched.
    fn keeps_room(&self) -> bool;
    /// Bytes that may still be stored, where somebody knows.
    fn free(&self) -> LocalBoxFuture<'_, Option<u64>>;
}

//! Downloads by way of storage: files are fetched in pieces, a few at a time, stored as they arrive, read while the rest
//! is being fetched, resumed after any interruption, and never used where they are damaged.
//!
//! Nothing here knows a browser: requests, time and storage come in through the traits [`Transport`],
//! [`Clock`](crate::bytes::http::Clock) and [`Store`].

mod condvar;
mod context;
mod fetch;
mod hashes;
mod integrity;
mod inventory;
mod journal;
mod open;
mod pending_file;
mod piece_storage;
mod progress;
mod read;
mod request;
mod restarts;
mod select;
mod settings;
mod slots;
mod state;
mod store;
mod stored_file;
mod transfer;
mod transport;
mod unknown_length;
mod verify;
mod work;

#[cfg(test)]
mod tests;

pub use condvar::LocalCondvar;
pub use context::DownloadContext;
pub use hashes::ExpectedHashes;
pub use integrity::{Integrity, check_source};
pub use inventory::{StoredFileCheck, StoredFileInfo, check, list, remember_absent, remove};
pub use journal::{FileIdentity, Revalidation};
pub use open::{OpenedFile, open};
pub use pending_file::FileRequest;
pub use progress::{DownloadPhase, DownloadProgress};
pub use read::StoredSource;
pub use restarts::Restarts;
pub use select::select_first;
pub use settings::DownloadSettings;
pub use slots::{RequestSlot, RequestSlots};
pub use store::{PieceLocation, Store, StoreEntry, StoreError, StoreFuture, WriteLock};
pub use stored_file::StoredFile;
pub use transfer::Transfer;
pub use transport::{RangeRequest, ResponseStream, Transport, TransportError};

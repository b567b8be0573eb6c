//! Files from a host by way of storage: fetched in pieces, a few at a time, stored as they come, read while the rest is
//! on its way, gone on with after any interruption, and never used where they are damaged.
//!
//! Nothing here knows a browser: requests, time and storage come in through the traits of `ports`.

pub(crate) mod answer;
mod fetch;
mod file;
mod hashes;
mod integrity;
mod journal;
mod library;
mod meter;
mod open;
mod ports;
mod settings;
mod slots;
mod state;
mod tasks;
pub(crate) mod tries;
mod unmeasured;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::rc::Rc;

pub use fetch::Mode;
pub use file::{Reading, StoredFile};
pub use hashes::Hashes;
pub use integrity::{Integrity, check_source};
pub use journal::Suspicion;
pub use library::{Checked, Listed, check, list, remember_absent, remove};
pub use meter::{Phase, Step};
pub use open::{Opened, Wanted, open};
pub use ports::{Answer, Ask, Clock, Entry, Head, Lock, Lost, Place, Store, StoreError, Stored, Transport};
pub use settings::Settings;
pub use slots::Slots;
pub use tasks::{First, Signal, race};

/// What a download lives in.
pub struct World {
    /// Where files are kept.
    pub store: Rc<dyn Store>,
    /// How they come.
    pub transport: Rc<dyn Transport>,
    /// Time and chance.
    pub clock: Rc<dyn Clock>,
    /// The numbers.
    pub settings: Settings,
    /// Requests that may go on at a time, over all files: the settings' number of them.
    pub slots: Slots,
    /// Told how far files have come.
    pub report: Rc<dyn Fn(Step)>,
}

/// A transfer whose answer has begun and whose bytes were not read yet, or that is to begin when it is its turn.
pub struct Begun {
    pub(crate) answer: Option<Box<dyn Answer>>,
    pub(crate) run: Range<u32>,
    pub(crate) mode: Mode,
    /// What was stored before is of another file, or there was nothing.
    pub(crate) fresh: bool,
}

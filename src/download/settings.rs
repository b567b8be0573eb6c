//! The numbers that a download goes by.

use serde::Deserialize;

/// Every number has its reason here; tests use smaller ones.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Settings {
    /// Bytes of a piece, which is what is stored, checked and fetched again as one. Small enough that an interruption
    /// costs little, large enough that a file of gigabytes has some hundred.
    pub piece_bytes: u32,
    /// Requests at a time: one seldom fills a line, many are rude to the host.
    pub requests: usize,
    /// Pieces of one request. Hosts that redirect every request make small ones slow.
    pub run_pieces: u32,
    /// Failures in a row, without progress between them, that end a download. With the waits between them this
    /// outlasts a cut of half a minute.
    pub tries: u32,
    /// The same before anything has arrived: a host that never answers should not be waited for long.
    pub first_tries: u32,
    /// The same for a host that answers wrongly, which seldom passes.
    pub wrong_tries: u32,
    /// The wait after the first failure; it doubles with each.
    pub retry_ms: f64,
    /// The longest wait.
    pub max_retry_ms: f64,
    /// The longest wait that a host may ask for. One who wants a longer one is told to the caller instead.
    pub max_retry_after_ms: f64,
    /// A transfer that brings nothing for so long is ended and tried again.
    pub stall_ms: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            piece_bytes: 4 << 20,
            requests: 4,
            run_pieces: 8,
            tries: 8,
            first_tries: 3,
            wrong_tries: 3,
            retry_ms: 300.0,
            max_retry_ms: 10_000.0,
            max_retry_after_ms: 60_000.0,
            stall_ms: 20_000.0,
        }
    }
}

impl Settings {
    /// Within what makes sense: the numbers come from a page.
    pub fn checked(self) -> Self {
        Self {
            piece_bytes: self.piece_bytes.clamp(super::journal::MIN_PIECE_BYTES, super::journal::MAX_PIECE_BYTES),
            requests: self.requests.clamp(1, 16),
            run_pieces: self.run_pieces.max(1),
            tries: self.tries.max(1),
            first_tries: self.first_tries.max(1),
            wrong_tries: self.wrong_tries.max(1),
            ..self
        }
    }

    /// Milliseconds before try number `failures + 1`: doubling, and up to half of it less by chance, so that the pages
    /// that lost the same host do not come back together.
    pub fn wait_ms(&self, failures: u32, random: f64) -> f64 {
        let full = (self.retry_ms * 2f64.powi(failures.saturating_sub(1).min(30) as i32)).min(self.max_retry_ms);
        full * (1.0 - random.clamp(0.0, 1.0) / 2.0)
    }
}

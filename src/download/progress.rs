//! Progress of a file, reported neither too often nor ever backwards.

use std::cell::Cell;

/// The least time between two reports: people can read a few a second.
const INTERVAL_MS: f64 = 150.0;
/// The transfer rate is averaged over about this time.
const WINDOW_MS: f64 = 3_000.0;

/// What is done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DownloadPhase {
    /// Its bytes arrive.
    Download,
    /// Its bytes are hashed.
    Verify,
}

/// A report of progress.
#[derive(Debug, Clone, PartialEq)]
pub struct DownloadProgress {
    /// The file.
    pub file: String,
    /// What is done with it.
    pub phase: DownloadPhase,
    /// Bytes done.
    pub loaded: u64,
    /// Bytes in all.
    pub total: u64,
    /// Bytes a second, once it is known.
    pub rate: Option<f64>,
}

/// Counts the bytes of one phase of one file.
pub struct ProgressMeter {
    phase: DownloadPhase,
    /// `None` while the length of the file is unknown.
    total: Option<u64>,
    loaded: Cell<u64>,
    reported: Cell<Option<(f64, u64)>>,
    window: Cell<Option<(f64, u64)>>,
    rate: Cell<Option<f64>>,
}

impl ProgressMeter {
    pub fn new(phase: DownloadPhase, loaded: u64, total: u64) -> Self {
        Self { total: Some(total), loaded: Cell::new(loaded), ..Self::unknown_length(phase) }
    }

    /// For a file of unknown length: its reported length is what has arrived of it.
    pub fn unknown_length(phase: DownloadPhase) -> Self {
        let (reported, window, rate) = (Cell::new(None), Cell::new(None), Cell::new(None));
        Self { phase, total: None, loaded: Cell::new(0), reported, window, rate }
    }

    /// Counts bytes; returns a report if one is due.
    pub fn add(&self, file: &str, bytes: u64, now: f64) -> Option<DownloadProgress> {
        let loaded = self.loaded.get() + bytes;
        self.loaded.set(loaded);
        self.update_rate(loaded, now);
        let total = self.total.unwrap_or(loaded);
        let shown = loaded.min(total);
        let ended = self.total == Some(shown);
        let due = match self.reported.get() {
            None => true,
            Some((at, before)) => shown > before && (ended || now - at >= INTERVAL_MS),
        };
        if !due {
            return None;
        }
        self.reported.set(Some((now, shown)));
        Some(DownloadProgress { file: file.to_owned(), phase: self.phase, loaded: shown, total, rate: self.rate.get() })
    }

    /// Uncounts bytes that have to be transferred again.
    pub fn subtract(&self, bytes: u64) {
        self.loaded.set(self.loaded.get().saturating_sub(bytes));
    }

    fn update_rate(&self, loaded: u64, now: f64) {
        let Some((since, before)) = self.window.get() else { return self.window.set(Some((now, loaded))) };
        let elapsed = now - since;
        if elapsed < INTERVAL_MS {
            return;
        }
        let fresh = loaded.saturating_sub(before) as f64 * 1000.0 / elapsed;
        let weight = (elapsed / WINDOW_MS).min(1.0);
        self.rate.set(Some(self.rate.get().map_or(fresh, |rate| rate + (fresh - rate) * weight)));
        self.window.set(Some((now, loaded)));
    }
}

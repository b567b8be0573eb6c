//! How far a file has come and how fast, told neither too often nor ever backwards.

use std::cell::Cell;

/// At most so many milliseconds pass between two reports, and at least these: a few a second is what people can read.
const INTERVAL_MS: f64 = 150.0;
/// The rate is over about so long.
const WINDOW_MS: f64 = 3_000.0;

/// What goes on with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Its bytes arrive.
    Download,
    /// Its bytes are hashed.
    Verify,
}

/// A step of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The file.
    pub file: String,
    /// What goes on.
    pub phase: Phase,
    /// Bytes done.
    pub loaded: u64,
    /// Of so many.
    pub total: u64,
    /// Bytes a second, once there is something to say.
    pub rate: Option<f64>,
}

/// Counts one phase of one file.
pub struct Meter {
    phase: Phase,
    /// Where it is known.
    total: Option<u64>,
    loaded: Cell<u64>,
    told: Cell<Option<(f64, u64)>>,
    window: Cell<Option<(f64, u64)>>,
    rate: Cell<Option<f64>>,
}

impl Meter {
    pub fn new(phase: Phase, loaded: u64, total: u64) -> Self {
        Self { total: Some(total), loaded: Cell::new(loaded), ..Self::unmeasured(phase) }
    }

    /// Of a file whose length nobody knows: what is told as its length is what there is of it.
    pub fn unmeasured(phase: Phase) -> Self {
        let (told, window, rate) = (Cell::new(None), Cell::new(None), Cell::new(None));
        Self { phase, total: None, loaded: Cell::new(0), told, window, rate }
    }

    /// Counts bytes; what there is to tell, if it is time to.
    pub fn add(&self, file: &str, bytes: u64, now: f64) -> Option<Step> {
        let loaded = self.loaded.get() + bytes;
        self.loaded.set(loaded);
        self.measure(loaded, now);
        let total = self.total.unwrap_or(loaded);
        let shown = loaded.min(total);
        let ended = self.total == Some(shown);
        let due = match self.told.get() {
            None => true,
            Some((at, before)) => shown > before && (ended || now - at >= INTERVAL_MS),
        };
        if !due {
            return None;
        }
        self.told.set(Some((now, shown)));
        Some(Step { file: file.to_owned(), phase: self.phase, loaded: shown, total, rate: self.rate.get() })
    }

    /// Bytes that were counted have to come again.
    pub fn lose(&self, bytes: u64) {
        self.loaded.set(self.loaded.get().saturating_sub(bytes));
    }

    fn measure(&self, loaded: u64, now: f64) {
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

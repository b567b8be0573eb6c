//! Keeps results as they are computed.

use std::cell::{Cell, RefCell};

use super::error::EvalError;
use super::store::{ContentKey, ResultStore};
use crate::cli::progress::JobProgress;

/// Keeps results as a model gives them, so that a killed run loses none, and moves a progress bar. The engine's callbacks
/// cannot fail; what fails here is kept, too, and ends the request.
pub struct Recorder<'a> {
    store: RefCell<&'a mut ResultStore>,
    progress: RefCell<JobProgress>,
    failure: RefCell<Option<EvalError>>,
    failed: Cell<bool>,
}

impl<'a> Recorder<'a> {
    /// Of `total` results, as many as `there` are in the store.
    pub fn new(store: &'a mut ResultStore, label: &'static str, total: usize, there: usize) -> Self {
        if there > 0 {
            eprintln!("{label}: {there} of {total} are there from an earlier run");
        }
        let progress = JobProgress::items(total as u64, there as u64, label);
        Self {
            store: RefCell::new(store),
            progress: RefCell::new(progress),
            failure: RefCell::default(),
            failed: Cell::new(false),
        }
    }

    /// Keeps a result.
    pub fn record(&self, key: ContentKey, values: &[f32]) {
        if let Err(error) = self.store.borrow_mut().insert(key, values) {
            self.failed.set(true);
            self.failure.replace(Some(error));
        }
        self.progress.borrow_mut().add(1);
    }

    /// Whether there is a result.
    pub fn has(&self, key: &ContentKey) -> bool {
        self.store.borrow().contains(key)
    }

    /// Moves the bar past what has no result.
    pub fn skip(&self, count: usize) {
        self.progress.borrow_mut().add(count as u64);
    }

    /// Whether a result could not be kept, so that nothing more should be computed.
    pub fn has_failed(&self) -> bool {
        self.failed.get()
    }

    /// Why a result could not be kept.
    pub fn check(&self) -> Result<(), EvalError> {
        self.failure.take().map_or(Ok(()), Err)
    }
}

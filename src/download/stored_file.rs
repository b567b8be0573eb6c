//! A file of which some pieces are stored and the others are being fetched: what all parts of a download share.

use std::cell::RefCell;
use std::rc::Rc;

use super::condvar::LocalCondvar;
use super::context::DownloadContext;
use super::integrity::Integrity;
use super::journal::{FileIdentity, Journal, JournalEvent, Revalidation};
use super::piece_storage::PieceStorage;
use super::progress::{DownloadPhase, ProgressMeter};
use super::restarts::Restarts;
use super::state::DownloadState;
use super::store::{StoreError, WriteLock};
use crate::bytes::SourceError;

/// A file that is read while it is downloaded.
pub struct StoredFile {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) key: String,
    pub(super) context: Rc<DownloadContext>,
    pub(super) storage: PieceStorage,
    pub(super) state: RefCell<DownloadState>,
    pub(super) changed: LocalCondvar,
    pub(super) integrity: Option<Integrity>,
    /// How often the load was begun again.
    pub(super) restarts: Restarts,
    pub(super) download: ProgressMeter,
    pub(super) verify: ProgressMeter,
}

/// What a stored file is called.
pub(super) struct FileNames<'a> {
    pub name: &'a str,
    pub url: &'a str,
    pub key: &'a str,
}

impl StoredFile {
    pub(super) fn new(
        context: &Rc<DownloadContext>,
        names: FileNames<'_>,
        storage: PieceStorage,
        journal: Journal,
        lock: Option<Box<dyn WriteLock>>,
        integrity: Option<Integrity>,
        restarts: Restarts,
    ) -> Rc<Self> {
        let (stored, total) = (journal.stored_bytes(), journal.identity.len);
        Rc::new(Self {
            name: names.name.to_owned(),
            url: names.url.to_owned(),
            key: names.key.to_owned(),
            context: context.clone(),
            storage,
            state: RefCell::new(DownloadState::new(journal, lock)),
            changed: LocalCondvar::default(),
            integrity,
            restarts,
            download: ProgressMeter::new(DownloadPhase::Download, stored, total),
            verify: ProgressMeter::new(DownloadPhase::Verify, 0, total),
        })
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which version of it this is. How it came to be here does not matter.
    pub fn version(&self) -> FileIdentity {
        FileIdentity { again: false, ..self.state.borrow().journal.identity.clone() }
    }

    /// Bytes that are still to be fetched.
    pub fn missing_bytes(&self) -> u64 {
        self.state.borrow().missing_bytes()
    }

    /// Bytes for which storage has not reserved room yet.
    pub fn needed_room(&self) -> u64 {
        let reserved = self.state.borrow().begun_before;
        if reserved && self.context.store.reserves_room() { 0 } else { self.missing_bytes() }
    }

    /// Whether storage did not keep the file, so that it is in memory and does not outlast the load.
    pub fn in_memory(&self) -> bool {
        self.storage.in_memory()
    }

    /// Whether it came as a whole whose length was not announced, as compressed ones are. Where a connection is cut then, not
    /// every browser says so: Firefox ends such a body as if it were complete.
    pub fn came_without_length(&self) -> bool {
        self.state.borrow().without_length
    }

    /// Waits until the file is complete and checked.
    pub async fn finished(&self) -> Result<(), SourceError> {
        self.changed
            .wait_until(|| {
                let state = self.state.borrow();
                match &state.failure {
                    Some(failure) => Some(Err(failure.clone())),
                    None => state.finished.then_some(Ok(())),
                }
            })
            .await
    }

    /// Ends the work. What is stored stays.
    pub fn stop(&self) {
        let mut state = self.state.borrow_mut();
        if !state.finished && state.failure.is_none() {
            state.failure = Some(SourceError::Aborted);
        }
        if !state.working {
            state.lock = None;
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Notes what the next load has to do before it uses the file.
    pub async fn set_revalidation(&self, revalidation: Revalidation) -> Result<(), StoreError> {
        if self.state.borrow().journal.revalidation == revalidation {
            return Ok(());
        }
        let _lock = self.context.store.lock(&self.key).await?;
        self.note(JournalEvent::Revalidate(revalidation)).await?;
        self.storage.close().await
    }

    /// Removes what is stored of it. Nobody may read it any more.
    pub async fn discard(&self) -> Result<(), StoreError> {
        self.storage.remove(&*self.context.store).await
    }

    pub(super) fn store_error(&self, error: StoreError) -> SourceError {
        error.for_file(&self.name)
    }

    /// Applies an event to the journal, here and in storage.
    pub(super) async fn note(&self, event: JournalEvent) -> Result<(), StoreError> {
        self.storage.append(&event.line()).await?;
        self.state.borrow_mut().journal.apply(event);
        Ok(())
    }

    pub(super) fn count(&self, meter: &ProgressMeter, bytes: u64) {
        if let Some(progress) = meter.add(&self.name, bytes, self.context.clock.now()) {
            (self.context.report)(progress);
        }
    }

    /// Deletes all that is stored: the file was replaced on the host, or is not the right one.
    pub(super) async fn forget(&self) {
        // The error that the caller returns says more than one of storage would.
        let _ = self.storage.reset(&[], 0).await;
    }

    /// A lock, unless the file holds one.
    pub(super) async fn lock(&self) -> Result<Option<Box<dyn WriteLock>>, SourceError> {
        let held = self.state.borrow().lock.is_some();
        if held {
            return Ok(None);
        }
        self.context.store.lock(&self.key).await.map(Some).map_err(|e| self.store_error(e))
    }
}

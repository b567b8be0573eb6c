//! Brings a file to its end: complete, checked and closed.

use futures_util::future::{Either, try_join_all};

use super::select::select_first;
use super::stored_file::StoredFile;
use super::transfer::Transfer;
use crate::bytes::{LocalBoxFuture, SourceError};

impl StoredFile {
    /// Fetches what is missing and verifies the whole. To be run beside whatever reads the file; ends when all is done,
    /// when it fails, or after [`StoredFile::stop`].
    pub async fn work(&self, transfer: Option<Transfer>) {
        self.state.borrow_mut().working = true;
        self.count(&self.download, 0);
        let mut result = self.fetch_and_verify(transfer).await;
        // Handles are closed in any case: others wait for the file.
        let closed = self.storage.close().await.map_err(|e| self.store_error(e));
        result = result.and(closed);
        if let Err(SourceError::StorageFull { needed, free, .. }) = &mut result {
            let missing = self.missing_bytes();
            // An estimate that storage itself contradicts is not worth repeating.
            *free = self.context.store.free().await.filter(|&free| free < missing);
            *needed = Some(missing);
        }
        let mut state = self.state.borrow_mut();
        (state.lock, state.fetching, state.finished) = (None, false, true);
        state.failure = result.err();
        drop(state);
        self.changed.notify_all();
    }

    async fn fetch_and_verify(&self, transfer: Option<Transfer>) -> Result<(), SourceError> {
        let fetch = async {
            if transfer.as_ref().is_some_and(|transfer| transfer.fresh) {
                let (line, len) = {
                    let journal = &self.state.borrow().journal;
                    (journal.first_line(), journal.identity.len)
                };
                self.storage.reset(&line, len).await.map_err(|e| self.store_error(e))?;
            }
            self.fetch_all(transfer).await?;
            self.state.borrow_mut().fetching = false;
            self.changed.notify_all();
            Ok(())
        };
        let tasks: Vec<LocalBoxFuture<'_, _>> = vec![Box::pin(fetch), Box::pin(self.verify_hash())];
        let stopped = self.changed.wait_until(|| self.state.borrow().failure.clone());
        match select_first(stopped, try_join_all(tasks)).await {
            Either::Left(failure) => Err(failure),
            Either::Right(result) => result.map(drop),
        }
    }
}

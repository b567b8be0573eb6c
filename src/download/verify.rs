//! Compares a complete file with the hash that the page gave.

use super::integrity::{Integrity, IntegrityHasher};
use super::journal::JournalEvent;
use super::stored_file::StoredFile;
use crate::bytes::SourceError;

impl StoredFile {
    /// Hashes the file in order, while it is downloaded, if there is a hash to compare it with.
    pub(super) async fn verify_hash(&self) -> Result<(), SourceError> {
        let Some(want) = self.integrity else { return Ok(()) };
        if self.state.borrow().journal.digest == Some(want) {
            return Ok(());
        }
        let got = self.hash().await?;
        let _lock = self.lock().await?;
        if got == want {
            return self.note(JournalEvent::Whole(got)).await.map_err(|e| self.store_error(e));
        }
        self.forget().await;
        // Pieces of an earlier session may be of an older version, and a body that was sent whole may have ended early:
        // what comes in another try may be right.
        let (inherited, sent_whole) = {
            let state = self.state.borrow();
            (state.inherited, state.sent_whole)
        };
        let (file, got) = (self.name.clone(), got.to_string());
        if inherited || (sent_whole && self.restarts.permit(&file, Some(&got))) {
            return Err(SourceError::Changed { file, got: Some(got) });
        }
        Err(SourceError::Integrity { file, want: want.to_string(), got })
    }

    async fn hash(&self) -> Result<Integrity, SourceError> {
        let identity = self.state.borrow().journal.identity.clone();
        let mut hasher = IntegrityHasher::default();
        for index in 0..identity.pieces() {
            let mut bytes = Vec::new();
            self.read_piece(index, 0, identity.len_of(index), &mut bytes).await?;
            hasher.update(&bytes);
            self.count(&self.verify, bytes.len() as u64);
            // Yields, so that an abort can arrive.
            self.context.clock.sleep(0.0).await;
        }
        Ok(hasher.finish())
    }
}

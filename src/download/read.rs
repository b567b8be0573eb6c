//! Reads a file while it is downloaded. Pieces are checked when they are first read, and damaged ones fetched again.

use std::rc::Rc;

use super::journal::checksum;
use super::stored_file::StoredFile;
use crate::bytes::{LocalBoxFuture, Source, SourceError};

/// A piece that is damaged again each time after it was fetched is the storage's fault.
const MAX_REPAIRS: u32 = 4;

impl StoredFile {
    async fn read_range(&self, offset: u64, len: usize) -> Result<Vec<u8>, SourceError> {
        let (identity, end) = (self.state.borrow().journal.identity.clone(), offset.checked_add(len as u64));
        let Some(end) = end.filter(|&end| end <= identity.len) else {
            return Err(SourceError::truncated(&self.name));
        };
        let mut bytes = Vec::with_capacity(len);
        if len == 0 {
            return Ok(bytes);
        }
        let pieces = identity.piece_at(offset)..identity.piece_at(end - 1) + 1;
        {
            let mut state = self.state.borrow_mut();
            pieces.clone().rev().for_each(|index| state.want(index));
        }
        self.changed.notify_all();
        for index in pieces {
            let start = identity.location(index).offset;
            let from = offset.saturating_sub(start) as usize;
            let to = (end - start).min(identity.len_of(index) as u64) as usize;
            self.read_piece(index, from, to, &mut bytes).await?;
        }
        Ok(bytes)
    }

    /// Appends bytes `from..to` of a piece, once it is stored and undamaged.
    pub(super) async fn read_piece(
        &self,
        index: u32,
        from: usize,
        to: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), SourceError> {
        for _ in 0..=MAX_REPAIRS {
            self.arrived(index).await?;
            let (location, whole, check, trusted, writes) = {
                let state = self.state.borrow();
                let identity = &state.journal.identity;
                let (check, trusted) = (state.checksum_of(index), state.is_trusted(index));
                (identity.location(index), identity.len_of(index), check, trusted, state.writes(index))
            };
            let (start, len) = if trusted { (from, to - from) } else { (0, whole) };
            let bytes = self.storage.get(location, start, len).await.map_err(|e| self.store_error(e))?;
            match bytes {
                Some(bytes) if trusted => {
                    out.extend(bytes);
                    return Ok(());
                }
                Some(bytes) if Some(checksum(&bytes)) == check => {
                    self.state.borrow_mut().trust(index);
                    out.extend(&bytes[from..to]);
                    return Ok(());
                }
                _ => self.lose(index, whole, writes),
            }
        }
        let detail = format!("piece {index} is damaged again each time after it was written");
        Err(SourceError::Storage { file: self.name.clone(), detail })
    }

    /// A piece is damaged that was written `writes` times when it was read.
    fn lose(&self, index: u32, len: usize, writes: u32) {
        let mut state = self.state.borrow_mut();
        let already_lost = state.checksum_of(index).is_none() || state.writes(index) != writes;
        if already_lost {
            return;
        }
        state.lose(index);
        state.want(index);
        drop(state);
        if writes > 0 {
            self.storage.count_damaged_read();
        }
        self.download.subtract(len as u64);
        self.changed.notify_all();
    }

    /// Waits for a piece that is being fetched, or fetches it.
    async fn arrived(&self, index: u32) -> Result<(), SourceError> {
        let stored = self.changed.wait_until(|| {
            let state = self.state.borrow();
            match &state.failure {
                Some(failure) => Some(Err(failure.clone())),
                None if state.checksum_of(index).is_some() => Some(Ok(true)),
                None => (!state.fetching).then_some(Ok(false)),
            }
        });
        if stored.await? { Ok(()) } else { self.repair(index).await }
    }
}

/// A reader of a stored file.
pub struct StoredSource(pub Rc<StoredFile>);

impl Source for StoredSource {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn len(&self) -> u64 {
        self.0.state.borrow().journal.identity.len
    }

    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, SourceError>> {
        Box::pin(self.0.read_range(offset, len))
    }
}

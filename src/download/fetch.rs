//! Fetches pieces: a few requests at a time, each tried again when it fails, from the byte at which it failed.

use std::ops::Range;

use futures_util::future::try_join_all;

use super::journal::{JournalEvent, checksum};
use super::request::{next_chunk, send, send_or_plain};
use super::store::StoreError;
use super::stored_file::StoredFile;
use super::transfer::{Transfer, TransferMode};
use super::transport::{RangeRequest, ResponseStream};
use crate::bytes::http::{EVERYTHING, ProbeOutcome, RequestFault, Retries, check_range, probe, range_end};
use crate::bytes::{LocalBoxFuture, SourceError};

/// How far a run of pieces was fetched.
struct RunPosition {
    mode: TransferMode,
    end: u32,
    /// The piece that is being filled, and what there is of it.
    piece: u32,
    partial: Vec<u8>,
    /// Bytes to skip, because the host sent the file from its start again.
    skip: u64,
}

impl StoredFile {
    /// Fetches all that is missing, starting with what readers wait for.
    pub(super) async fn fetch_all(&self, transfer: Option<Transfer>) -> Result<(), SourceError> {
        let Some(Transfer { response, run, mode, .. }) = transfer else { return Ok(()) };
        let first = async {
            let slot = self.context.slots.take().await;
            self.fetch_run(run, mode, response).await?;
            drop(slot);
            if mode == TransferMode::Whole { Ok(()) } else { self.fetch_runs().await }
        };
        if mode == TransferMode::Whole {
            return first.await;
        }
        let mut tasks: Vec<LocalBoxFuture<'_, _>> = vec![Box::pin(first)];
        for _ in 1..self.context.settings.requests {
            tasks.push(Box::pin(self.fetch_runs()));
        }
        try_join_all(tasks).await.map(drop)
    }

    async fn fetch_runs(&self) -> Result<(), SourceError> {
        loop {
            let more = self.changed.wait_until(|| {
                let state = self.state.borrow();
                if state.complete() { Some(false) } else { state.any_open().then_some(true) }
            });
            if !more.await {
                return Ok(());
            }
            // The pieces are chosen when there is a slot: a reader may wait for others by then.
            let _slot = self.context.slots.take().await;
            let run = self.state.borrow_mut().next_run(self.context.settings.run_pieces);
            if let Some(run) = run {
                self.fetch_run(run, TransferMode::Ranged, None).await?;
            }
        }
    }

    /// Fetches a damaged piece again, when nothing else is being fetched any more.
    pub(super) async fn repair(&self, index: u32) -> Result<(), SourceError> {
        let lock = self.lock().await?;
        if self.repaired_by_another_tab(index).await.map_err(|e| self.store_error(e))? {
            return Ok(());
        }
        let run = index..index + 1;
        if self.state.borrow().is_taken(index) {
            self.changed.wait_until(|| (!self.state.borrow().is_taken(index)).then_some(())).await;
            return Ok(());
        }
        self.state.borrow_mut().take(run.clone());
        let fetch = async {
            self.note(JournalEvent::Lost(index)).await.map_err(|e| self.store_error(e))?;
            let _slot = self.context.slots.take().await;
            self.fetch_run(run.clone(), TransferMode::Undecided, None).await
        };
        let result = fetch.await;
        self.release(run, &result);
        self.changed.notify_all();
        if lock.is_some() {
            self.storage.close().await.map_err(|e| self.store_error(e))?;
        }
        result
    }

    fn release(&self, run: Range<u32>, result: &Result<(), SourceError>) {
        let mut state = self.state.borrow_mut();
        state.release(run);
        if let Err(error @ SourceError::Changed { .. }) = result {
            state.failure = Some(error.clone());
        }
    }

    async fn repaired_by_another_tab(&self, index: u32) -> Result<bool, StoreError> {
        let (location, len, before) = {
            let state = self.state.borrow();
            let identity = &state.journal.identity;
            (identity.location(index), identity.len_of(index), state.checksum_before(index))
        };
        let Some(before) = before else { return Ok(self.state.borrow().checksum_of(index).is_some()) };
        let bytes = self.storage.get(location, 0, len).await?;
        let good = bytes.is_some_and(|bytes| checksum(&bytes) == before);
        if good {
            self.state.borrow_mut().restore(index, before);
            self.changed.notify_all();
        }
        Ok(good)
    }

    async fn fetch_run(
        &self,
        run: Range<u32>,
        mode: TransferMode,
        mut response: Option<Box<dyn ResponseStream>>,
    ) -> Result<(), SourceError> {
        let capacity = self.state.borrow().journal.identity.len_of(run.start);
        let partial = Vec::with_capacity(capacity);
        let mut position = RunPosition { mode, end: run.end, piece: run.start, partial, skip: 0 };
        let policy = &self.context.settings.retry;
        let mut retries = Retries::new(policy, policy.tries);
        while position.piece < position.end {
            let before = self.offset(&position);
            let fault = match self.attempt(&mut position, response.take()).await {
                Ok(()) => continue,
                Err(fault) => fault,
            };
            if self.offset(&position) - before >= u64::from(self.context.settings.piece_bytes / 64) {
                retries.progress();
            }
            retries.wait(&self.name, fault, &*self.context.clock).await?;
        }
        Ok(())
    }

    fn offset(&self, position: &RunPosition) -> u64 {
        self.state.borrow().journal.identity.location(position.piece).offset + position.partial.len() as u64
    }

    /// One request, as far as it goes.
    async fn attempt(
        &self,
        position: &mut RunPosition,
        response: Option<Box<dyn ResponseStream>>,
    ) -> Result<(), RequestFault> {
        let mut response = match response {
            Some(response) => response,
            None => self.request(position).await?,
        };
        let end = range_end(response.head()).filter(|_| position.mode != TransferMode::Whole);
        let pieces = self.state.borrow().journal.identity.pieces();
        loop {
            match next_chunk(&self.context, &self.name, &mut *response).await? {
                Some(mut bytes) if position.piece < position.end => {
                    // What comes after the announced range has no place in the file.
                    let left = end.map_or(u64::MAX, |end| end.saturating_sub(self.offset(position)));
                    bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                    self.fill(position, &bytes).await?;
                }
                // All that was announced has arrived; the host may have announced less than it was asked for.
                None if end == Some(self.offset(position)) => return Ok(()),
                None if position.piece < position.end => {
                    let detail = format!("the connection was cut at byte {}", self.offset(position));
                    return Err(RequestFault::connection(detail));
                }
                Some(_) if position.mode == TransferMode::Whole && position.end == pieces => {
                    return Err(self.longer_than_announced().await);
                }
                // Read to its end, so that the connection can serve the next request.
                Some(_) | None => return Ok(()),
            }
        }
    }

    async fn request(&self, position: &mut RunPosition) -> Result<Box<dyn ResponseStream>, RequestFault> {
        let identity = self.state.borrow().journal.identity.clone();
        let from = self.offset(position);
        let to = identity.location(position.end - 1).offset + identity.len_of(position.end - 1) as u64 - 1;
        let ranged = position.mode != TransferMode::Whole;
        let request = RangeRequest {
            url: self.url.clone(),
            range: if ranged { (from, to) } else { EVERYTHING },
            if_range: identity.validator().filter(|_| ranged),
            ..RangeRequest::default()
        };
        let response = match position.mode {
            TransferMode::Ranged => send(&self.context, &self.name, &request).await?,
            TransferMode::Whole | TransferMode::Undecided => send_or_plain(&self.context, &self.name, &request).await?,
        };
        if position.mode == TransferMode::Undecided && response.head().status == 200 {
            position.mode = TransferMode::Whole;
        }
        let same = if position.mode != TransferMode::Whole {
            check_range(&self.name, identity.version(), response.head(), from, to)?
        } else {
            position.skip = from;
            if probe(&self.name, response.head(), 0, u64::MAX)? == ProbeOutcome::Absent {
                return Err(RequestFault::Fatal(SourceError::NotFound { file: self.name.clone() }));
            }
            !identity.is_contradicted_by(response.head().body_length(), response.head())
        };
        if same { Ok(response) } else { Err(self.replaced().await) }
    }

    /// Only the announced length tells where a body that is sent whole ends.
    async fn longer_than_announced(&self) -> RequestFault {
        self.forget().await;
        RequestFault::bad_response(&self.name, "the server sent more than it had announced")
    }

    async fn replaced(&self) -> RequestFault {
        self.forget().await;
        RequestFault::Fatal(SourceError::Changed { file: self.name.clone(), got: None })
    }

    /// Fills pieces, and stores those that are complete.
    async fn fill(&self, position: &mut RunPosition, mut bytes: &[u8]) -> Result<(), RequestFault> {
        let skipped = position.skip.min(bytes.len() as u64);
        position.skip -= skipped;
        bytes = &bytes[skipped as usize..];
        while !bytes.is_empty() && position.piece < position.end {
            let full = self.state.borrow().journal.identity.len_of(position.piece);
            let (now, later) = bytes.split_at(bytes.len().min(full - position.partial.len()));
            position.partial.extend_from_slice(now);
            bytes = later;
            self.count(&self.download, now.len() as u64);
            if position.partial.len() == full {
                self.store_piece(position.piece, &position.partial).await?;
                position.partial.clear();
                position.piece += 1;
            }
        }
        Ok(())
    }

    async fn store_piece(&self, index: u32, bytes: &[u8]) -> Result<(), RequestFault> {
        let failed = |e: StoreError| RequestFault::Fatal(self.store_error(e));
        let location = self.state.borrow().journal.identity.location(index);
        self.storage.put(location, bytes).await.map_err(failed)?;
        let check = checksum(bytes);
        self.storage.append(&JournalEvent::Piece(index, check).line()).await.map_err(failed)?;
        let same = self.state.borrow_mut().store(index, check);
        self.changed.notify_all();
        if same { Ok(()) } else { Err(self.replaced().await) }
    }
}

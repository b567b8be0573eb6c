//! Fetches pieces: a few requests at a time, each tried again when it fails, from the byte at which it failed.

use std::ops::Range;

use super::answer::{self, Fault};
use super::file::StoredFile;
use super::journal::{Event, checksum};
use super::ports::{Answer, Ask, Head, Lost};
use super::tasks::{First, all, race};
use super::tries::Tries;
use super::{Begun, World};
use crate::bytes::{LocalBoxFuture, WeightsError};

/// How the host serves a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Any part of it.
    Ranged,
    /// From its start, every time.
    Whole,
    /// Nobody knows yet, and there is only one piece to fetch.
    Either,
}

/// A host is asked for the whole in this way, because browsers then ask for it uncompressed, as long as it says it is.
pub const EVERYTHING: (u64, u64) = (0, u64::MAX);

/// A part of the way through a run of pieces.
struct Cursor {
    mode: Mode,
    end: u32,
    /// The piece that is being filled, and what there is of it.
    piece: u32,
    part: Vec<u8>,
    /// Bytes that come again, because the host started again from the beginning.
    skip: u64,
}

impl StoredFile {
    /// Fetches all that is missing, what is waited for first.
    pub(super) async fn fetch_all(&self, begun: Option<Begun>) -> Result<(), WeightsError> {
        let Some(Begun { answer, run, mode, .. }) = begun else { return Ok(()) };
        let first = async {
            let slot = self.world.slots.take().await;
            self.fetch_run(run, mode, answer).await?;
            drop(slot);
            if mode == Mode::Whole { Ok(()) } else { self.fetch_runs().await }
        };
        if mode == Mode::Whole {
            return first.await;
        }
        let mut tasks: Vec<LocalBoxFuture<'_, _>> = vec![Box::pin(first)];
        for _ in 1..self.world.settings.requests {
            tasks.push(Box::pin(self.fetch_runs()));
        }
        all(tasks).await
    }

    async fn fetch_runs(&self) -> Result<(), WeightsError> {
        loop {
            let more = self.changed.until(|| {
                let state = self.state.borrow();
                if state.complete() { Some(false) } else { state.any_open().then_some(true) }
            });
            if !more.await {
                return Ok(());
            }
            // What to fetch is chosen when it is this file's turn: somebody may wait for another piece by then.
            let _slot = self.world.slots.take().await;
            let run = self.state.borrow_mut().next_run(self.world.settings.run_pieces);
            if let Some(run) = run {
                self.fetch_run(run, Mode::Ranged, None).await?;
            }
        }
    }

    /// Fetches a piece that turned out bad when nobody fetches anything any more.
    pub(super) async fn mend(&self, index: u32) -> Result<(), WeightsError> {
        let failed = |e: super::ports::StoreError| e.of(&self.name);
        let held = self.state.borrow().lock.is_some();
        let _lock = if held { None } else { Some(self.world.store.lock(&self.key).await.map_err(failed)?) };
        if self.mended_by_another(index).await.map_err(failed)? {
            return Ok(());
        }
        let run = index..index + 1;
        if self.state.borrow().is_taken(index) {
            let settled = self.changed.until(|| (!self.state.borrow().is_taken(index)).then_some(()));
            settled.await;
            return Ok(());
        }
        self.state.borrow_mut().take(run.clone());
        let fetched = async {
            self.note(Event::Lost(index)).await.map_err(failed)?;
            let _slot = self.world.slots.take().await;
            self.fetch_run(run.clone(), Mode::Either, None).await
        };
        let result = fetched.await;
        self.settle(run, &result);
        self.changed.notify();
        if !held {
            self.entry.close().await.map_err(failed)?;
        }
        result
    }

    fn settle(&self, run: Range<u32>, result: &Result<(), WeightsError>) {
        let mut state = self.state.borrow_mut();
        state.release(run);
        if let Err(error @ WeightsError::Changed { .. }) = result {
            state.failure = Some(error.clone());
        }
    }

    /// Another tab may have met the same damage before.
    async fn mended_by_another(&self, index: u32) -> Result<bool, super::ports::StoreError> {
        let (place, len, before) = {
            let state = self.state.borrow();
            let identity = &state.journal.identity;
            (identity.place(index), identity.len_of(index), state.check_before(index))
        };
        let Some(before) = before else { return Ok(self.state.borrow().check_of(index).is_some()) };
        let bytes = self.entry.get(place, 0, len).await?;
        let good = bytes.is_some_and(|bytes| checksum(&bytes) == before);
        if good {
            self.state.borrow_mut().store(index, before);
            self.changed.notify();
        }
        Ok(good)
    }

    async fn fetch_run(
        &self,
        run: Range<u32>,
        mode: Mode,
        mut given: Option<Box<dyn Answer>>,
    ) -> Result<(), WeightsError> {
        let capacity = self.state.borrow().journal.identity.len_of(run.start);
        let mut cursor = Cursor { mode, end: run.end, piece: run.start, part: Vec::with_capacity(capacity), skip: 0 };
        let mut tries = Tries::new(&self.world.settings, self.world.settings.tries);
        while cursor.piece < cursor.end {
            let before = self.position(&cursor);
            let fault = match self.attempt(&mut cursor, given.take()).await {
                Ok(()) => continue,
                Err(fault) => fault,
            };
            if self.position(&cursor) - before >= u64::from(self.world.settings.piece_bytes / 64) {
                tries.progress();
            }
            tries.after(&self.name, fault, &*self.world.clock).await?;
        }
        Ok(())
    }

    fn position(&self, cursor: &Cursor) -> u64 {
        self.state.borrow().journal.identity.place(cursor.piece).offset + cursor.part.len() as u64
    }

    /// One request, as far as it goes.
    async fn attempt(&self, cursor: &mut Cursor, given: Option<Box<dyn Answer>>) -> Result<(), Fault> {
        let mut answer = match given {
            Some(answer) => answer,
            None => self.ask(cursor).await?,
        };
        let end = answer::end(answer.head()).filter(|_| cursor.mode != Mode::Whole);
        let last = self.state.borrow().journal.identity.pieces();
        loop {
            match next(&self.world, &self.name, &mut *answer).await? {
                Some(mut bytes) if cursor.piece < cursor.end => {
                    // What comes after the range that the answer names is of no place in the file.
                    let left = end.map_or(u64::MAX, |end| end.saturating_sub(self.position(cursor)));
                    bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                    self.take(cursor, &bytes).await?;
                }
                // All that was promised is here; the host may have promised less than it was asked for.
                None if end == Some(self.position(cursor)) => return Ok(()),
                None if cursor.piece < cursor.end => {
                    let detail = format!("the connection was cut at byte {}", self.position(cursor));
                    return Err(Fault::Passing(detail, None));
                }
                Some(_) if cursor.mode == Mode::Whole && cursor.end == last => return Err(self.is_longer().await),
                // Read to its end, so that the connection can serve the next request; what is too much is dropped.
                Some(_) | None => return Ok(()),
            }
        }
    }

    async fn ask(&self, cursor: &mut Cursor) -> Result<Box<dyn Answer>, Fault> {
        let identity = self.state.borrow().journal.identity.clone();
        let from = self.position(cursor);
        let to = identity.place(cursor.end - 1).offset + identity.len_of(cursor.end - 1) as u64 - 1;
        let if_range = identity.etag.clone().or_else(|| identity.modified.clone());
        let ranged = cursor.mode != Mode::Whole;
        let ask = Ask {
            url: self.url.clone(),
            range: if ranged { (from, to) } else { EVERYTHING },
            if_range: if_range.filter(|_| ranged),
            ..Ask::default()
        };
        let answer = match cursor.mode {
            Mode::Ranged => send(&self.world, &self.name, &ask).await?,
            Mode::Whole | Mode::Either => send_or_plain(&self.world, &self.name, &ask).await?,
        };
        if cursor.mode == Mode::Either && answer.head().status == 200 {
            cursor.mode = Mode::Whole;
        }
        let same = if cursor.mode != Mode::Whole {
            answer::range(&self.name, &identity, answer.head(), from, to)?
        } else {
            cursor.skip = from;
            if answer::first(&self.name, answer.head(), 0, u64::MAX)? == answer::First::Absent {
                return Err(Fault::Final(WeightsError::NotFound { file: self.name.clone() }));
            }
            let Head { length, encoded, .. } = answer.head();
            !identity.contradicts(length.filter(|_| !encoded), answer.head())
        };
        if same { Ok(answer) } else { Err(self.is_another().await) }
    }

    /// Of a body that was sent whole, the length that was announced is all that tells where it ends.
    async fn is_longer(&self) -> Fault {
        self.forget().await;
        Fault::Final(answer::wrong(&self.name, "the server sent more than it had announced"))
    }

    async fn is_another(&self) -> Fault {
        self.forget().await;
        Fault::Final(WeightsError::Changed { file: self.name.clone() })
    }

    /// Fills pieces, and stores those that are full.
    async fn take(&self, cursor: &mut Cursor, mut bytes: &[u8]) -> Result<(), Fault> {
        let skipped = cursor.skip.min(bytes.len() as u64);
        cursor.skip -= skipped;
        bytes = &bytes[skipped as usize..];
        while !bytes.is_empty() && cursor.piece < cursor.end {
            let full = self.state.borrow().journal.identity.len_of(cursor.piece);
            let (now, later) = bytes.split_at(bytes.len().min(full - cursor.part.len()));
            cursor.part.extend_from_slice(now);
            bytes = later;
            self.count(&self.download, now.len() as u64);
            if cursor.part.len() == full {
                self.keep(cursor.piece, &cursor.part).await?;
                cursor.part.clear();
                cursor.piece += 1;
            }
        }
        Ok(())
    }

    async fn keep(&self, index: u32, bytes: &[u8]) -> Result<(), Fault> {
        let failed = |e: super::ports::StoreError| Fault::Final(e.of(&self.name));
        let place = self.state.borrow().journal.identity.place(index);
        self.entry.put(place, bytes).await.map_err(failed)?;
        let check = checksum(bytes);
        self.entry.append(&Event::Piece(index, check).line()).await.map_err(failed)?;
        let same = self.state.borrow_mut().store(index, check);
        self.changed.notify();
        if same { Ok(()) } else { Err(self.is_another().await) }
    }
}

/// Sends a request; a host that does not answer is not waited for forever.
pub async fn send(world: &World, file: &str, ask: &Ask) -> Result<Box<dyn Answer>, Fault> {
    match race(world.transport.send(ask), world.clock.sleep(world.settings.stall_ms)).await {
        First::Left(answer) => answer.map_err(|lost| answer::lost(file, lost)),
        First::Right(()) => Err(stalled(world)),
    }
}

/// The same for the first request of a file, which asks without a range where nothing comes of one.
pub async fn send_or_plain(world: &World, file: &str, ask: &Ask) -> Result<Box<dyn Answer>, Fault> {
    let ask = Ask { opens: true, ..ask.clone() };
    match race(world.transport.send(&ask), world.clock.sleep(world.settings.stall_ms)).await {
        First::Left(Err(Lost::Unranged)) => {
            send(world, file, &Ask { plain: true, if_range: None, ..ask.clone() }).await
        }
        First::Left(answer) => answer.map_err(|lost| answer::lost(file, lost)),
        First::Right(()) => Err(stalled(world)),
    }
}

/// The next bytes of an answer.
pub async fn next(world: &World, file: &str, answer: &mut dyn Answer) -> Result<Option<Vec<u8>>, Fault> {
    match race(answer.next(), world.clock.sleep(world.settings.stall_ms)).await {
        First::Left(Err(Lost::Network(detail))) => {
            Err(Fault::Passing(format!("the connection was cut: {detail}"), None))
        }
        First::Left(bytes) => bytes.map_err(|lost| answer::lost(file, lost)),
        First::Right(()) => Err(stalled(world)),
    }
}

fn stalled(world: &World) -> Fault {
    Fault::Passing(format!("nothing came for {} seconds", world.settings.stall_ms / 1000.0), None)
}

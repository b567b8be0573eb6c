//! A file of which some pieces are stored and the others are on their way.

use std::cell::RefCell;
use std::rc::Rc;

use super::integrity::{Hasher, Integrity};
use super::journal::{Event, Journal, Suspicion, checksum};
use super::meter::{Meter, Phase};
use super::ports::{Entry, Lock, StoreError};
use super::state::State;
use super::tasks::{First, Signal, all, race};
use super::{Begun, World};
use crate::bytes::beyond_the_end;
use crate::bytes::{LocalBoxFuture, Source, WeightsError};

/// A stored piece that is bad again after it was fetched anew so often is the storage's fault.
const MAX_MENDS: u32 = 3;

/// A file that is read while it is downloaded.
pub struct StoredFile {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) key: String,
    pub(super) world: Rc<World>,
    pub(super) entry: Box<dyn Entry>,
    pub(super) state: RefCell<State>,
    pub(super) changed: Signal,
    pub(super) integrity: Option<Integrity>,
    pub(super) download: Meter,
    verify: Meter,
}

impl StoredFile {
    pub(super) fn new(
        world: &Rc<World>,
        (name, url, key): (&str, &str, &str),
        entry: Box<dyn Entry>,
        journal: Journal,
        lock: Option<Box<dyn Lock>>,
        integrity: Option<Integrity>,
    ) -> Rc<Self> {
        let (stored, total) = (journal.stored(), journal.identity.len);
        Rc::new(Self {
            name: name.to_owned(),
            url: url.to_owned(),
            key: key.to_owned(),
            world: world.clone(),
            entry,
            state: RefCell::new(State::new(journal, lock)),
            changed: Signal::default(),
            integrity,
            download: Meter::new(Phase::Download, stored, total),
            verify: Meter::new(Phase::Verify, 0, total),
        })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes that are still to be fetched.
    pub fn missing_bytes(&self) -> u64 {
        self.state.borrow().missing_bytes()
    }

    /// Bytes that storage has still to find room for.
    pub fn wanted_room(&self) -> u64 {
        let room_kept = self.state.borrow().begun_before;
        if room_kept && self.world.store.keeps_room() { 0 } else { self.missing_bytes() }
    }

    /// Fetches what is missing and checks the whole. To be run beside whatever reads the file; ends when all is done,
    /// when it fails, or after [`StoredFile::stop`].
    pub async fn work(&self, begun: Option<Begun>) {
        self.state.borrow_mut().working = true;
        self.count(&self.download, 0);
        let fetch = async {
            if begun.as_ref().is_some_and(|begun| begun.fresh) {
                let (line, len) = {
                    let journal = &self.state.borrow().journal;
                    (journal.first_line(), journal.identity.len)
                };
                self.entry.reset(&line, len).await.map_err(|e| e.of(&self.name))?;
            }
            self.fetch_all(begun).await?;
            self.state.borrow_mut().fetching = false;
            self.changed.notify();
            Ok(())
        };
        let tasks: Vec<LocalBoxFuture<'_, _>> = vec![Box::pin(fetch), Box::pin(self.check_whole())];
        let stopped = self.changed.until(|| self.state.borrow().failure.clone());
        let mut result = match race(stopped, all(tasks)).await {
            First::Left(stopped) => Err(stopped),
            First::Right(result) => result,
        };
        // Handles are closed whatever happened: others wait for the file.
        let closed = self.entry.close().await.map_err(|e| e.of(&self.name));
        result = result.and(closed);
        if let Err(WeightsError::StorageFull { needed, free, .. }) = &mut result {
            let missing = self.missing_bytes();
            // An estimate that storage itself contradicts is not worth repeating.
            *free = self.world.store.free().await.filter(|&free| free < missing);
            *needed = Some(missing);
        }
        let mut state = self.state.borrow_mut();
        (state.lock, state.fetching, state.finished) = (None, false, true);
        state.failure = result.err();
        drop(state);
        self.changed.notify();
    }

    /// Waits until the file is whole and checked.
    pub async fn finished(&self) -> Result<(), WeightsError> {
        self.changed
            .until(|| {
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
            state.failure = Some(WeightsError::Aborted);
        }
        if !state.working {
            state.lock = None;
        }
        drop(state);
        self.changed.notify();
    }

    /// Notes that a load failed over what is in the file, or that one has succeeded.
    pub async fn suspect(&self, suspicion: Suspicion) -> Result<(), StoreError> {
        if self.state.borrow().journal.suspect == suspicion {
            return Ok(());
        }
        let _lock = self.world.store.lock(&self.key).await?;
        self.note(Event::Suspect(suspicion)).await?;
        self.entry.close().await
    }

    /// Removes what is stored of it: nobody reads it any more.
    pub async fn discard(&self) -> Result<(), StoreError> {
        self.world.store.remove(&self.key).await
    }

    /// Adds to the journal, here and in storage.
    pub(super) async fn note(&self, event: Event) -> Result<(), StoreError> {
        self.entry.append(&event.line()).await?;
        self.state.borrow_mut().journal.apply(event);
        Ok(())
    }

    pub(super) fn count(&self, meter: &Meter, bytes: u64) {
        if let Some(step) = meter.add(&self.name, bytes, self.world.clock.now()) {
            (self.world.report)(step);
        }
    }

    /// Forgets everything: the file is another one by now, or not the right one.
    pub(super) async fn forget(&self) {
        // The failure that follows says more than one of storage could.
        let _ = self.entry.reset(&[], 0).await;
    }

    async fn read_now(&self, offset: u64, len: usize) -> Result<Vec<u8>, WeightsError> {
        let (identity, end) = (self.state.borrow().journal.identity.clone(), offset.checked_add(len as u64));
        let Some(end) = end.filter(|&end| end <= identity.len) else { return Err(beyond_the_end(&self.name)) };
        let mut bytes = Vec::with_capacity(len);
        if len == 0 {
            return Ok(bytes);
        }
        let pieces = identity.piece_at(offset)..identity.piece_at(end - 1) + 1;
        {
            let mut state = self.state.borrow_mut();
            pieces.clone().rev().for_each(|index| state.want(index));
        }
        self.changed.notify();
        for index in pieces {
            let start = identity.place(index).offset;
            let from = offset.saturating_sub(start) as usize;
            let to = (end - start).min(identity.len_of(index) as u64) as usize;
            self.append_part(index, from, to, &mut bytes).await?;
        }
        Ok(bytes)
    }

    /// Bytes `from..to` of a piece, once it is there and good.
    async fn append_part(&self, index: u32, from: usize, to: usize, out: &mut Vec<u8>) -> Result<(), WeightsError> {
        for _ in 0..=MAX_MENDS {
            self.arrived(index).await?;
            let (place, whole, check, trusted) = {
                let state = self.state.borrow();
                let identity = &state.journal.identity;
                (identity.place(index), identity.len_of(index), state.check_of(index), state.is_trusted(index))
            };
            let (start, len) = if trusted { (from, to - from) } else { (0, whole) };
            let bytes = self.entry.get(place, start, len).await.map_err(|e| e.of(&self.name))?;
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
                _ => self.lose(index, whole),
            }
        }
        let detail = format!("piece {index} is damaged again each time after it was written");
        Err(WeightsError::Storage { file: self.name.clone(), detail })
    }

    fn lose(&self, index: u32, len: usize) {
        let mut state = self.state.borrow_mut();
        state.lose(index);
        state.want(index);
        drop(state);
        self.download.lose(len as u64);
        self.changed.notify();
    }

    /// Waits for a piece that somebody fetches, or fetches it.
    async fn arrived(&self, index: u32) -> Result<(), WeightsError> {
        let there = self.changed.until(|| {
            let state = self.state.borrow();
            match &state.failure {
                Some(failure) => Some(Err(failure.clone())),
                None if state.check_of(index).is_some() => Some(Ok(true)),
                None => (!state.fetching).then_some(Ok(false)),
            }
        });
        if there.await? { Ok(()) } else { self.mend(index).await }
    }

    /// Hashes the whole file in order, as it becomes whole, if anybody asked for it.
    async fn check_whole(&self) -> Result<(), WeightsError> {
        let Some(want) = self.integrity else { return Ok(()) };
        if self.state.borrow().journal.digest == Some(want) {
            return Ok(());
        }
        let got = self.hash().await?;
        let held = self.state.borrow().lock.is_some();
        let failed = |e: StoreError| e.of(&self.name);
        let _lock = if held { None } else { Some(self.world.store.lock(&self.key).await.map_err(failed)?) };
        if got == want {
            return self.note(Event::Whole(got)).await.map_err(failed);
        }
        self.forget().await;
        if self.state.borrow().inherited {
            // What was here before may be of an older file; what comes afresh may be right.
            return Err(WeightsError::Changed { file: self.name.clone() });
        }
        Err(WeightsError::Integrity { file: self.name.clone(), want: want.to_string(), got: got.to_string() })
    }

    async fn hash(&self) -> Result<Integrity, WeightsError> {
        let identity = self.state.borrow().journal.identity.clone();
        let mut hasher = Hasher::default();
        for index in 0..identity.pieces() {
            let mut bytes = Vec::new();
            self.append_part(index, 0, identity.len_of(index), &mut bytes).await?;
            hasher.update(&bytes);
            self.count(&self.verify, bytes.len() as u64);
            // An abort can come in between.
            self.world.clock.sleep(0.0).await;
        }
        Ok(hasher.finish())
    }
}

/// What readers hold.
pub struct Reading(pub Rc<StoredFile>);

impl Source for Reading {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn len(&self) -> u64 {
        self.0.state.borrow().journal.identity.len
    }

    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, WeightsError>> {
        Box::pin(self.0.read_now(offset, len))
    }
}

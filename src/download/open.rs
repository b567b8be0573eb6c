//! From an address to a file: what is stored of it, whether it may be used, and where the rest comes from.

use std::cell::Cell;
use std::rc::Rc;

use super::answer::{self, Fault};
use super::fetch::{EVERYTHING, Mode, next, send_or_plain};
use super::file::StoredFile;
use super::integrity::{Integrity, key_of};
use super::journal::{Identity, Journal, MIN_PIECE_BYTES, Suspicion};
use super::meter::{Meter, Phase};
use super::ports::{Answer, Ask, Entry, Head, Lock, StoreError};
use super::tasks::{First, race};
use super::tries::Tries;
use super::unmeasured::Unmeasured;
use super::{Begun, World};
use crate::bytes::WeightsError;

/// How often a download of another tab is looked at.
const WATCH_MS: f64 = 300.0;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Where it is.
    pub url: &'a str,
    /// The name used in messages.
    pub file: &'a str,
    /// Its hash, if somebody knows it.
    pub integrity: Option<Integrity>,
    /// Ask the host whether it is still the same, even where all of it is stored.
    pub revalidate: bool,
    /// Look at it only: how long it is and whether it is there. Its answer is not kept open, as those of a model of many
    /// files would take all connections that a browser has for a host.
    pub peek: bool,
}

/// What came of it.
pub enum Opened {
    /// The host has no such file.
    Absent,
    /// All of it is stored. It still wants [`StoredFile::work`] where there is a hash to check.
    Stored(Rc<StoredFile>),
    /// Some of it is still to come: [`StoredFile::work`] brings it.
    Begun(Rc<StoredFile>, Begun),
}

/// Opens a file. Its answer's body is not read yet, so that the caller can first see to it that there is room.
pub async fn open(world: &Rc<World>, wanted: Wanted<'_>) -> Result<Opened, WeightsError> {
    let key = key_of(wanted.url);
    let mut opening = Opening { world, wanted, entry: world.store.entry(&key), key, lock: None };
    if let Some(journal) = opening.usable().await? {
        return Ok(opening.stored(journal));
    }
    opening.lock = Some(opening.turn().await?);
    // Another tab may have brought it meanwhile.
    if let Some(journal) = opening.usable().await? {
        opening.lock = None;
        return Ok(opening.stored(journal));
    }
    match opening.journal().await? {
        Some(journal) if journal.identity.absent && !wanted.revalidate => Ok(Opened::Absent),
        Some(journal) if opening.doubted(&journal) => opening.start(Some(journal.identity)).await,
        Some(journal) if opening.worth_keeping(&journal) => opening.go_on(journal).await,
        _ => opening.start(None).await,
    }
}

pub(super) struct Opening<'a> {
    pub(super) world: &'a Rc<World>,
    pub(super) wanted: Wanted<'a>,
    pub(super) entry: Box<dyn Entry>,
    key: String,
    lock: Option<Box<dyn Lock>>,
}

impl Opening<'_> {
    pub(super) fn failed(&self, error: StoreError) -> WeightsError {
        error.of(self.wanted.file)
    }

    async fn journal(&self) -> Result<Option<Journal>, WeightsError> {
        let bytes = self.entry.journal().await.map_err(|e| self.failed(e))?;
        Ok(Journal::parse(&bytes).filter(|journal| journal.identity.url == self.wanted.url))
    }

    /// Waits for the right to write. Meanwhile another tab's download is told of as if it were this one's: it is.
    async fn turn(&self) -> Result<Box<dyn Lock>, WeightsError> {
        let mut lock = self.world.store.lock(&self.key);
        let mut meter = None;
        loop {
            let lock = match race(&mut lock, self.world.clock.sleep(WATCH_MS)).await {
                First::Left(lock) => return lock.map_err(|e| self.failed(e)),
                First::Right(()) => race(&mut lock, self.journal()).await,
            };
            let journal = match lock {
                First::Left(lock) => return lock.map_err(|e| self.failed(e)),
                // What cannot be read at the moment can be told of later.
                First::Right(journal) => journal.ok().flatten(),
            };
            let Some(journal) = journal.filter(|j| !j.identity.absent) else { continue };
            let (stored, total) = (journal.stored(), journal.identity.len);
            let (meter, before) = meter.get_or_insert_with(|| (Meter::new(Phase::Download, 0, total), 0));
            let fresh = stored.saturating_sub(*before);
            *before += fresh;
            if let Some(step) = meter.add(self.wanted.file, fresh, self.world.clock.now()) {
                (self.world.report)(step);
            }
        }
    }

    /// A file that is stored whole and may be used without asking anybody.
    async fn usable(&self) -> Result<Option<Journal>, WeightsError> {
        let journal = self.journal().await?;
        Ok(journal.filter(|journal| {
            let sure = journal.suspect == Suspicion::None && !self.wanted.revalidate && !journal.identity.absent;
            sure && journal.complete() && self.worth_keeping(journal)
        }))
    }

    /// What is stored may be a part of what is asked for, and it can be told whether it is.
    fn worth_keeping(&self, journal: &Journal) -> bool {
        let other = |want: Integrity| journal.digest.is_some_and(|digest| digest != want);
        let told = journal.complete() || journal.identity.verifiable() || self.wanted.integrity.is_some();
        !journal.identity.absent && told && !self.wanted.integrity.is_some_and(other)
    }

    /// A load failed over what is in it, and nobody knows that it is what was sent. It is fetched anew, but not again and
    /// again from a host that has nothing better.
    fn doubted(&self, journal: &Journal) -> bool {
        let proven = journal.digest.is_some() && journal.digest == self.wanted.integrity;
        journal.suspect == Suspicion::Anew && !journal.identity.absent && !journal.identity.again && !proven
    }

    fn stored(mut self, journal: Journal) -> Opened {
        self.lock = None;
        let file = self.file(journal);
        file.state.borrow_mut().finished = file.checked();
        Opened::Stored(file)
    }

    fn file(self, journal: Journal) -> Rc<StoredFile> {
        let names = (self.wanted.file, self.wanted.url, self.key.as_str());
        StoredFile::new(self.world, names, self.entry, journal, self.lock, self.wanted.integrity)
    }

    fn begin(self, journal: Journal, begun: Begun) -> Opened {
        let file = self.file(journal);
        let mut state = file.state.borrow_mut();
        state.fetching = true;
        state.begun_before = !begun.fresh;
        state.take(begun.run.clone());
        drop(state);
        Opened::Begun(file, begun)
    }

    /// Asks until there is an answer that `read` understands.
    pub(super) async fn ask<T>(
        &self,
        ask: &Ask,
        mut read: impl FnMut(&Head) -> Result<T, Fault>,
    ) -> Result<(Box<dyn Answer>, T), WeightsError> {
        let mut tries = Tries::new(&self.world.settings, self.world.settings.first_tries);
        loop {
            let fault = match send_or_plain(self.world, self.wanted.file, ask).await {
                Ok(answer) => match read(answer.head()) {
                    Ok(meaning) => return Ok((answer, meaning)),
                    Err(fault) => fault,
                },
                Err(fault) => fault,
            };
            tries.after(self.wanted.file, fault, &*self.world.clock).await?;
        }
    }

    /// From where an earlier load ended, if the file is still the same.
    async fn go_on(self, journal: Journal) -> Result<Opened, WeightsError> {
        let identity = journal.identity.clone();
        let missing = (0..identity.pieces()).find(|&i| journal.pieces[i as usize].is_none());
        let first = missing.unwrap_or(0);
        let most = if missing.is_some() { self.world.settings.run_pieces } else { 0 };
        let run = (first..identity.pieces()).take(most as usize);
        let end = run.take_while(|&i| journal.pieces[i as usize].is_none()).last().map_or(first, |last| last + 1);
        let from = identity.place(first).offset;
        let to = if end > first { identity.place(end - 1).offset + identity.len_of(end - 1) as u64 - 1 } else { from };
        if identity.len == 0 {
            return self.start(None).await;
        }
        let to = if self.wanted.peek { from } else { to };
        let if_range = identity.etag.clone().or_else(|| identity.modified.clone());
        let ask = Ask { url: self.wanted.url.to_owned(), range: (from, to), if_range, ..Ask::default() };
        let busy = Cell::new(false);
        let understand = |head: &Head| match head.status {
            // A host without ranges begins again; what is stored is then compared with what comes.
            200 => {
                answer::first(self.wanted.file, head, from, to)?;
                Ok((!identity.contradicts(head.length.filter(|_| !head.encoded), head), Mode::Whole))
            }
            status => {
                busy.set(answer::busy(status));
                Ok((answer::range(self.wanted.file, &identity, head, from, to)?, Mode::Ranged))
            }
        };
        match self.ask(&ask, understand).await {
            Ok((_, (true, _))) if missing.is_none() => Ok(self.stored(journal)),
            Ok((answer, (true, mode))) => {
                let run = if mode == Mode::Whole { 0..identity.pieces() } else { first..end };
                let answer = self.kept(answer).await;
                Ok(self.begin(journal, Begun { answer, run, mode, fresh: false }))
            }
            Ok((_, (false, _))) => self.start(None).await,
            // What is whole can be used as it is where nobody can be asked.
            Err(WeightsError::Network { .. }) if missing.is_none() => Ok(self.stored(journal)),
            Err(WeightsError::BadResponse { .. }) if missing.is_none() && busy.get() => Ok(self.stored(journal)),
            Err(error) => Err(error),
        }
    }

    /// The answer to go on with; none where the file is only looked at.
    async fn kept(&self, mut answer: Box<dyn Answer>) -> Option<Box<dyn Answer>> {
        if !self.wanted.peek {
            return Some(answer);
        }
        // A single byte is read to its end, so that the connection can serve the next file.
        let single = answer.head().length == Some(1);
        while single && matches!(next(self.world, self.wanted.file, &mut *answer).await, Ok(Some(_))) {}
        None
    }

    /// The first answer for a file of which nothing is known.
    async fn first(&self) -> Result<(Box<dyn Answer>, answer::First), WeightsError> {
        let last = if self.wanted.peek { 0 } else { u64::from(self.world.settings.piece_bytes) - 1 };
        let mut ask = Ask { url: self.wanted.url.to_owned(), range: (0, last), ..Ask::default() };
        let (answer, first) = self.ask(&ask, |head| answer::first(self.wanted.file, head, 0, last)).await?;
        if first != answer::First::Unmeasured {
            return Ok((answer, first));
        }
        ask.range = EVERYTHING;
        self.ask(&ask, |head| answer::first(self.wanted.file, head, 0, u64::MAX)).await
    }

    /// From nothing; `doubted` is what was here before and made no sense.
    async fn start(self, doubted: Option<Identity>) -> Result<Opened, WeightsError> {
        let piece = self.world.settings.piece_bytes;
        let (answer, first) = self.first().await?;
        let head = answer.head().clone();
        // With other validators it is another file, which may be wrong in its turn.
        let doubted = doubted.filter(|before| !before.contradicts(None, &head)).map(|before| before.len);
        let identity = |len| Identity {
            url: self.wanted.url.to_owned(),
            len,
            piece,
            etag: head.etag.clone(),
            modified: head.modified.clone(),
            absent: false,
            again: doubted == Some(len),
        };
        match first {
            answer::First::Absent => {
                self.world.store.remove(&self.key).await.map_err(|e| self.failed(e))?;
                Ok(Opened::Absent)
            }
            answer::First::Ranged(len) | answer::First::Whole(Some(len)) => {
                let journal = self.sized(identity(len))?;
                if len == 0 {
                    self.entry.reset(&journal.first_line(), 0).await.map_err(|e| self.failed(e))?;
                    self.entry.close().await.map_err(|e| self.failed(e))?;
                    return Ok(self.stored(journal));
                }
                let whole = matches!(first, answer::First::Whole(_));
                let (end, mode) = if whole { (journal.identity.pieces(), Mode::Whole) } else { (1, Mode::Ranged) };
                let answer = self.kept(answer).await;
                Ok(self.begin(journal, Begun { answer, run: 0..end, mode, fresh: true }))
            }
            answer::First::Whole(None) | answer::First::Unmeasured => {
                let journal = self.unmeasured(answer, Unmeasured { identity: identity(0), doubted }).await?;
                Ok(self.stored(journal))
            }
        }
    }

    pub(super) fn sized(&self, identity: Identity) -> Result<Journal, WeightsError> {
        let journal = Journal::parse(&Journal::new(identity.clone()).first_line());
        journal.ok_or_else(|| answer::wrong(self.wanted.file, &format!("it is too large: {} bytes", identity.len)))
    }
}

impl StoredFile {
    /// Whether there is nothing left to check.
    fn checked(&self) -> bool {
        self.integrity.is_none() || self.state.borrow().journal.digest == self.integrity
    }
}

/// The journal of a file that the host does not have.
pub fn absent(url: &str) -> Journal {
    let url = url.to_owned();
    Journal::new(Identity {
        url,
        len: 0,
        piece: MIN_PIECE_BYTES,
        etag: None,
        modified: None,
        absent: true,
        again: false,
    })
}

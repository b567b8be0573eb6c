//! Which pieces are stored, which are being fetched, and which are fetched next.

use std::collections::VecDeque;
use std::ops::Range;

use super::journal::{Journal, JournalEvent};
use super::store::WriteLock;
use crate::bytes::SourceError;

/// The mutable state of a file.
pub struct DownloadState {
    pub journal: Journal,
    /// Pieces that were read back undamaged in this session.
    trusted: Vec<bool>,
    /// How often each piece was written in this session.
    writes: Vec<u32>,
    /// Pieces that are being fetched.
    taken: Vec<bool>,
    /// Pieces that readers wait for, the latest first.
    wanted: VecDeque<u32>,
    /// Pieces that are not stored.
    missing: usize,
    /// Whether pieces were stored before this session.
    pub inherited: bool,
    /// Whether the host has sent the file from its start in this session, without ranges.
    pub sent_whole: bool,
    /// Whether it has done so without announcing its length.
    pub without_length: bool,
    /// Whether the download was begun in an earlier session, which may have ended before a single piece was stored.
    pub begun_before: bool,
    /// Held while there is anything to write.
    pub lock: Option<Box<dyn WriteLock>>,
    /// Whether what is missing is being fetched; else whoever misses a piece fetches it.
    pub fetching: bool,
    /// Whether `StoredFile::work` runs, which gives the lock back when it ends.
    pub working: bool,
    /// Whether it has ended.
    pub finished: bool,
    pub failure: Option<SourceError>,
}

impl DownloadState {
    pub fn new(journal: Journal, lock: Option<Box<dyn WriteLock>>) -> Self {
        let pieces = journal.pieces.len();
        let missing = journal.pieces.iter().filter(|p| p.is_none()).count();
        Self {
            trusted: vec![false; pieces],
            writes: vec![0; pieces],
            taken: vec![false; pieces],
            wanted: VecDeque::new(),
            missing,
            inherited: missing < pieces,
            sent_whole: false,
            without_length: false,
            begun_before: false,
            lock,
            fetching: false,
            working: false,
            finished: false,
            failure: None,
            journal,
        }
    }

    pub fn complete(&self) -> bool {
        self.missing == 0
    }

    /// The checksum of a stored piece.
    pub fn checksum_of(&self, index: u32) -> Option<u32> {
        self.journal.pieces[index as usize]
    }

    pub fn is_trusted(&self, index: u32) -> bool {
        self.trusted[index as usize]
    }

    /// How often a piece was written in this session.
    pub fn writes(&self, index: u32) -> u32 {
        self.writes[index as usize]
    }

    pub fn trust(&mut self, index: u32) {
        self.trusted[index as usize] = true;
    }

    /// A reader waits for a piece.
    pub fn want(&mut self, index: u32) {
        if self.checksum_of(index).is_none() && !self.wanted.contains(&index) {
            self.wanted.push_front(index);
        }
    }

    /// A piece was written. `false` if it differs from what was stored before: the file was replaced on the host.
    pub fn store(&mut self, index: u32, check: u32) -> bool {
        let at = index as usize;
        let before = self.checksum_of(index).or(self.journal.lost[at]);
        self.missing -= usize::from(self.checksum_of(index).is_none());
        self.journal.apply(JournalEvent::Piece(index, check));
        // What was written is trusted once it was read back.
        self.trusted[at] = false;
        self.writes[at] += 1;
        self.taken[at] = false;
        before.is_none_or(|before| before == check)
    }

    /// A lost piece is good again: another tab has repaired it.
    pub fn restore(&mut self, index: u32, check: u32) {
        self.store(index, check);
        self.trusted[index as usize] = true;
    }

    /// A piece is damaged.
    pub fn lose(&mut self, index: u32) {
        self.missing += usize::from(self.checksum_of(index).is_some());
        self.journal.apply(JournalEvent::Lost(index));
        self.trusted[index as usize] = false;
    }

    /// Takes the next pieces to fetch: first those that readers wait for, then in order.
    pub fn next_run(&mut self, most: u32) -> Option<Range<u32>> {
        let mut first = None;
        while let Some(index) = self.wanted.pop_front() {
            if self.is_open(index) {
                first = Some(index);
                break;
            }
        }
        let first = first.or_else(|| (0..self.trusted.len() as u32).find(|&i| self.is_open(i)))?;
        let end = (first..self.trusted.len() as u32).take(most as usize).take_while(|&i| self.is_open(i)).last()? + 1;
        self.take(first..end);
        Some(first..end)
    }

    /// Whether there are missing pieces that nobody fetches.
    pub fn any_open(&self) -> bool {
        (0..self.trusted.len() as u32).any(|i| self.is_open(i))
    }

    /// Marks pieces as being fetched.
    pub fn take(&mut self, run: Range<u32>) {
        run.for_each(|i| self.taken[i as usize] = true);
    }

    /// Marks pieces as not being fetched any more.
    pub fn release(&mut self, run: Range<u32>) {
        run.for_each(|i| self.taken[i as usize] = false);
    }

    pub fn is_taken(&self, index: u32) -> bool {
        self.taken[index as usize]
    }

    /// The checksum that a lost piece had.
    pub fn checksum_before(&self, index: u32) -> Option<u32> {
        self.journal.lost[index as usize]
    }

    fn is_open(&self, index: u32) -> bool {
        self.checksum_of(index).is_none() && !self.taken[index as usize]
    }

    /// Bytes that are still to be fetched.
    pub fn missing_bytes(&self) -> u64 {
        self.journal.identity.len - self.journal.stored_bytes()
    }
}

//! Which pieces are there, which are on their way, and which come next.

use std::collections::VecDeque;
use std::ops::Range;

use super::journal::{Event, Journal};
use super::ports::Lock;
use crate::bytes::WeightsError;

/// All that changes while a file is used.
pub struct State {
    pub journal: Journal,
    /// Pieces whose bytes were seen to be good in this session.
    trusted: Vec<bool>,
    /// Pieces that somebody fetches.
    taken: Vec<bool>,
    /// Pieces that somebody waits for, the latest first.
    wanted: VecDeque<u32>,
    /// Pieces that are not there.
    missing: usize,
    /// Whether pieces were there before this session.
    pub inherited: bool,
    /// Whether it goes on from an earlier session, which may have ended before a single piece was there.
    pub begun_before: bool,
    /// Held while there is anything to write.
    pub lock: Option<Box<dyn Lock>>,
    /// Somebody fetches what is missing; else whoever misses a piece fetches it.
    pub fetching: bool,
    /// Somebody brings it to its end, and gives the lock back then.
    pub working: bool,
    pub finished: bool,
    pub failure: Option<WeightsError>,
}

impl State {
    pub fn new(journal: Journal, lock: Option<Box<dyn Lock>>) -> Self {
        let pieces = journal.pieces.len();
        let missing = journal.pieces.iter().filter(|p| p.is_none()).count();
        Self {
            trusted: vec![false; pieces],
            taken: vec![false; pieces],
            wanted: VecDeque::new(),
            missing,
            inherited: missing < pieces,
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

    /// The checksum of a piece that is there.
    pub fn check_of(&self, index: u32) -> Option<u32> {
        self.journal.pieces[index as usize]
    }

    pub fn is_trusted(&self, index: u32) -> bool {
        self.trusted[index as usize]
    }

    pub fn trust(&mut self, index: u32) {
        self.trusted[index as usize] = true;
    }

    /// A piece that somebody waits for.
    pub fn want(&mut self, index: u32) {
        if self.check_of(index).is_none() && !self.wanted.contains(&index) {
            self.wanted.push_front(index);
        }
    }

    /// A piece was written. `false` if it differs from what was there before: the file is another one by now.
    pub fn store(&mut self, index: u32, check: u32) -> bool {
        let at = index as usize;
        let before = self.check_of(index).or(self.journal.lost[at]);
        self.missing -= usize::from(self.check_of(index).is_none());
        self.journal.apply(Event::Piece(index, check));
        self.trusted[at] = true;
        self.taken[at] = false;
        before.is_none_or(|before| before == check)
    }

    /// A piece turned out bad.
    pub fn lose(&mut self, index: u32) {
        self.missing += usize::from(self.check_of(index).is_some());
        self.journal.apply(Event::Lost(index));
        self.trusted[index as usize] = false;
    }

    /// The next pieces to fetch, which are then taken: those that are waited for first, then in order.
    pub fn next_run(&mut self, most: u32) -> Option<Range<u32>> {
        let mut first = None;
        while let Some(index) = self.wanted.pop_front() {
            if self.open(index) {
                first = Some(index);
                break;
            }
        }
        let first = first.or_else(|| (0..self.trusted.len() as u32).find(|&i| self.open(i)))?;
        let end = (first..self.trusted.len() as u32).take(most as usize).take_while(|&i| self.open(i)).last()? + 1;
        self.take(first..end);
        Some(first..end)
    }

    /// Whether anything is left that nobody fetches.
    pub fn any_open(&self) -> bool {
        (0..self.trusted.len() as u32).any(|i| self.open(i))
    }

    pub fn take(&mut self, run: Range<u32>) {
        run.for_each(|i| self.taken[i as usize] = true);
    }

    /// Pieces that nobody fetches any more.
    pub fn release(&mut self, run: Range<u32>) {
        run.for_each(|i| self.taken[i as usize] = false);
    }

    pub fn is_taken(&self, index: u32) -> bool {
        self.taken[index as usize]
    }

    /// What the checksum of a lost piece was.
    pub fn check_before(&self, index: u32) -> Option<u32> {
        self.journal.lost[index as usize]
    }

    fn open(&self, index: u32) -> bool {
        self.check_of(index).is_none() && !self.taken[index as usize]
    }

    /// Bytes that are still to come.
    pub fn missing_bytes(&self) -> u64 {
        self.journal.identity.len - self.journal.stored()
    }
}

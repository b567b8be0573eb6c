//! Storage whose writes are interrupted when nobody waits for their end.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::time::Time;
use crate::bytes::LocalBoxFuture;
use crate::download::condvar::LocalCondvar;
use crate::download::*;

/// The bytes and the journal of a stored file.
type File = (Vec<u8>, Vec<u8>);

/// What reading a piece does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Reads {
    #[default]
    Right,
    /// A bit is wrong.
    Wrong,
    /// The piece is gone.
    Nothing,
    /// The read fails.
    Failing,
}

#[derive(Default)]
pub struct Disk {
    pub files: RefCell<BTreeMap<String, File>>,
    locks: RefCell<Vec<String>>,
    unlocked: LocalCondvar,
    /// Bytes that there is room for, if it is limited.
    pub room: Cell<Option<u64>>,
    /// What reading a piece does.
    pub reads: Cell<Reads>,
    /// Writing fails.
    pub fails: Cell<bool>,
    /// Reading a journal fails.
    pub unreadable: Cell<bool>,
}

impl Disk {
    /// What closing a page does: its locks are free.
    pub fn unlock_all(&self) {
        self.locks.borrow_mut().clear();
    }
}

pub struct SimStore(pub Rc<Disk>, pub Rc<Time>);

struct SimEntry(Rc<Disk>, Rc<Time>, String);

impl SimEntry {
    fn with<T>(&self, change: impl FnOnce(&mut File) -> T) -> T {
        change(self.0.files.borrow_mut().entry(self.2.clone()).or_default())
    }
}

fn write_at(data: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    data.resize(data.len().max(at + bytes.len()), 0);
    data[at..at + bytes.len()].copy_from_slice(bytes);
}

impl StoreEntry for SimEntry {
    fn journal(&self) -> StoreFuture<'_, Vec<u8>> {
        let journal = self.0.files.borrow().get(&self.2).map(|f| f.1.clone()).unwrap_or_default();
        let unreadable = self.0.unreadable.get();
        Box::pin(async move {
            if unreadable { Err(StoreError::Failed("the journal cannot be read".to_owned())) } else { Ok(journal) }
        })
    }

    fn reset<'a>(&'a self, journal: &'a [u8], room: u64) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            // In this order; the page may be closed after each.
            self.with(|f| f.1.clear());
            self.1.sleep(0.5).await;
            self.with(|f| f.0.clear());
            self.1.sleep(0.5).await;
            if self.0.room.get().is_some_and(|there| room > there) {
                return Err(StoreError::Full);
            }
            self.with(|f| f.0.resize(room as usize, 0));
            self.with(|f| f.1 = journal.to_vec());
            Ok(())
        })
    }

    fn append<'a>(&'a self, line: &'a [u8]) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let half = line.len() / 2;
            self.with(|f| f.1.extend(&line[..half]));
            // Not interrupted in between: real stores append within one call.
            self.with(|f| f.1.extend(&line[half..]));
            Ok(())
        })
    }

    fn put<'a>(&'a self, location: PieceLocation, bytes: &'a [u8]) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let end = location.offset + bytes.len() as u64;
            if self.0.fails.get() {
                return Err(StoreError::Failed("not written".to_owned()));
            }
            if self.0.room.get().is_some_and(|room| end > room) {
                return Err(StoreError::Full);
            }
            let half = bytes.len() / 2;
            self.with(|f| write_at(&mut f.0, location.offset as usize, &bytes[..half]));
            self.1.sleep(0.5).await;
            self.with(|f| write_at(&mut f.0, location.offset as usize + half, &bytes[half..]));
            Ok(())
        })
    }

    fn get(&self, location: PieceLocation, from: usize, len: usize) -> StoreFuture<'_, Option<Vec<u8>>> {
        let at = location.offset as usize + from;
        let mut bytes = self.with(|f| f.0.get(at..at + len).map(<[u8]>::to_vec));
        let result = match self.0.reads.get() {
            Reads::Right => Ok(bytes),
            Reads::Wrong => {
                bytes.iter_mut().flat_map(|b| b.first_mut()).for_each(|b| *b ^= 1);
                Ok(bytes)
            }
            Reads::Nothing => Ok(None),
            Reads::Failing => Err(StoreError::Failed("unreadable".to_owned())),
        };
        Box::pin(async { result })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

struct SimLock(Rc<Disk>, String);

impl WriteLock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.0.locks.borrow_mut().retain(|key| *key != self.1);
        self.0.unlocked.notify_all();
    }
}

impl Store for SimStore {
    fn entry(&self, key: &str) -> Box<dyn StoreEntry> {
        Box::new(SimEntry(self.0.clone(), self.1.clone(), key.to_owned()))
    }

    fn lock<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Box<dyn WriteLock>> {
        Box::pin(async move {
            let free = || (!self.0.locks.borrow().iter().any(|k| k == key)).then_some(());
            self.0.unlocked.wait_until(free).await;
            self.0.locks.borrow_mut().push(key.to_owned());
            Ok(Box::new(SimLock(self.0.clone(), key.to_owned())) as Box<dyn WriteLock>)
        })
    }

    fn keys(&self) -> StoreFuture<'_, Vec<String>> {
        let keys = self.0.files.borrow().keys().cloned().collect();
        Box::pin(async { Ok(keys) })
    }

    fn remove<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        self.0.files.borrow_mut().remove(key);
        Box::pin(async { Ok(()) })
    }

    fn reserves_room(&self) -> bool {
        true
    }

    fn free(&self) -> LocalBoxFuture<'_, Option<u64>> {
        let room = self.0.room.get();
        Box::pin(async move { room })
    }
}

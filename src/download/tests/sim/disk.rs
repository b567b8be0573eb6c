//! What is stored, and what becomes of it when nobody waits for a write to end.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::time::Time;
use crate::bytes::LocalBoxFuture;
use crate::download::tasks::Signal;
use crate::download::*;

/// The bytes and the journal of a stored file.
type File = (Vec<u8>, Vec<u8>);

#[derive(Default)]
pub struct Disk {
    pub files: RefCell<BTreeMap<String, File>>,
    locks: RefCell<Vec<String>>,
    unlocked: Signal,
    /// Bytes that there is room for, if there is an end to it.
    pub room: Cell<Option<u64>>,
}

impl Disk {
    /// What happens when a page is closed: its locks are free.
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

impl Entry for SimEntry {
    fn journal(&self) -> Stored<'_, Vec<u8>> {
        let journal = self.0.files.borrow().get(&self.2).map(|f| f.1.clone()).unwrap_or_default();
        Box::pin(async { Ok(journal) })
    }

    fn reset<'a>(&'a self, journal: &'a [u8], room: u64) -> Stored<'a, ()> {
        Box::pin(async move {
            // In this order, and each may be the last that happens.
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

    fn append<'a>(&'a self, line: &'a [u8]) -> Stored<'a, ()> {
        Box::pin(async move {
            let half = line.len() / 2;
            self.with(|f| f.1.extend(&line[..half]));
            // Only one writes the journal at a time: the real ones do so within one call.
            self.with(|f| f.1.extend(&line[half..]));
            Ok(())
        })
    }

    fn put<'a>(&'a self, place: Place, bytes: &'a [u8]) -> Stored<'a, ()> {
        Box::pin(async move {
            let end = place.offset + bytes.len() as u64;
            if self.0.room.get().is_some_and(|room| end > room) {
                return Err(StoreError::Full);
            }
            let half = bytes.len() / 2;
            self.with(|f| write_at(&mut f.0, place.offset as usize, &bytes[..half]));
            self.1.sleep(0.5).await;
            self.with(|f| write_at(&mut f.0, place.offset as usize + half, &bytes[half..]));
            Ok(())
        })
    }

    fn get(&self, place: Place, from: usize, len: usize) -> Stored<'_, Option<Vec<u8>>> {
        let at = place.offset as usize + from;
        let bytes = self.with(|f| f.0.get(at..at + len).map(<[u8]>::to_vec));
        Box::pin(async { Ok(bytes) })
    }

    fn close(&self) -> Stored<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

struct SimLock(Rc<Disk>, String);

impl Lock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.0.locks.borrow_mut().retain(|key| *key != self.1);
        self.0.unlocked.notify();
    }
}

impl Store for SimStore {
    fn entry(&self, key: &str) -> Box<dyn Entry> {
        Box::new(SimEntry(self.0.clone(), self.1.clone(), key.to_owned()))
    }

    fn lock<'a>(&'a self, key: &'a str) -> Stored<'a, Box<dyn Lock>> {
        Box::pin(async move {
            let free = || (!self.0.locks.borrow().iter().any(|k| k == key)).then_some(());
            self.0.unlocked.until(free).await;
            self.0.locks.borrow_mut().push(key.to_owned());
            Ok(Box::new(SimLock(self.0.clone(), key.to_owned())) as Box<dyn Lock>)
        })
    }

    fn keys(&self) -> Stored<'_, Vec<String>> {
        let keys = self.0.files.borrow().keys().cloned().collect();
        Box::pin(async { Ok(keys) })
    }

    fn remove<'a>(&'a self, key: &'a str) -> Stored<'a, ()> {
        self.0.files.borrow_mut().remove(key);
        Box::pin(async { Ok(()) })
    }

    fn keeps_room(&self) -> bool {
        true
    }

    fn free(&self) -> LocalBoxFuture<'_, Option<u64>> {
        let room = self.0.room.get();
        Box::pin(async move { room })
    }
}

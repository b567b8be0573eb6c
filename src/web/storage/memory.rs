//! Pieces in the browser's memory, outside the wasm heap, which never shrinks. They last as long as the worker.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::{Array, Uint8Array};

use super::js::{self, Blob};
use crate::bytes::LocalBoxFuture;
use crate::download::{Entry, Lock, Place, Store, Stored};

#[derive(Default)]
struct Kept {
    journal: Vec<u8>,
    pieces: BTreeMap<u32, Blob>,
}

type Files = Rc<RefCell<BTreeMap<String, Kept>>>;

thread_local! {
    /// For all loads of the worker: one that has to begin again finds what an earlier one fetched.
    static FILES: Files = Files::default();
}

/// The worker's.
pub struct MemoryStore(Files);

impl Default for MemoryStore {
    fn default() -> Self {
        Self(FILES.with(Rc::clone))
    }
}

struct Unlocked;

impl Lock for Unlocked {}

impl Store for MemoryStore {
    fn entry(&self, key: &str) -> Box<dyn Entry> {
        Box::new(MemoryEntry(self.0.clone(), key.to_owned()))
    }

    fn lock<'a>(&'a self, _: &'a str) -> Stored<'a, Box<dyn Lock>> {
        Box::pin(async { Ok(Box::new(Unlocked) as Box<dyn Lock>) })
    }

    fn keys(&self) -> Stored<'_, Vec<String>> {
        let keys = self.0.borrow().keys().cloned().collect();
        Box::pin(async { Ok(keys) })
    }

    fn remove<'a>(&'a self, key: &'a str) -> Stored<'a, ()> {
        self.0.borrow_mut().remove(key);
        Box::pin(async { Ok(()) })
    }

    fn keeps_room(&self) -> bool {
        false
    }

    fn free(&self) -> LocalBoxFuture<'_, Option<u64>> {
        Box::pin(async { None })
    }
}

struct MemoryEntry(Files, String);

impl MemoryEntry {
    fn with<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        change(self.0.borrow_mut().entry(self.1.clone()).or_default())
    }
}

impl Entry for MemoryEntry {
    fn journal(&self) -> Stored<'_, Vec<u8>> {
        let journal = self.0.borrow().get(&self.1).map(|kept| kept.journal.clone()).unwrap_or_default();
        Box::pin(async { Ok(journal) })
    }

    fn reset<'a>(&'a self, journal: &'a [u8], _room: u64) -> Stored<'a, ()> {
        self.with(|kept| *kept = Kept { journal: journal.to_vec(), ..Kept::default() });
        Box::pin(async { Ok(()) })
    }

    fn append<'a>(&'a self, line: &'a [u8]) -> Stored<'a, ()> {
        self.with(|kept| kept.journal.extend(line));
        Box::pin(async { Ok(()) })
    }

    fn put<'a>(&'a self, place: Place, bytes: &'a [u8]) -> Stored<'a, ()> {
        Box::pin(async move {
            let blob = Blob::new(&Array::of1(&Uint8Array::from(bytes))).map_err(|e| js::failed(&e))?;
            self.with(|kept| drop(kept.pieces.insert(place.index, blob)));
            Ok(())
        })
    }

    fn get(&self, place: Place, from: usize, len: usize) -> Stored<'_, Option<Vec<u8>>> {
        let blob = self.with(|kept| kept.pieces.get(&place.index).cloned());
        Box::pin(async move {
            let Some(blob) = blob else { return Ok(None) };
            js::bytes_of(&blob, from as u64, (from + len) as u64).await.map_err(|e| js::failed(&e))
        })
    }

    fn close(&self) -> Stored<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

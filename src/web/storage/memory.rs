//! Pieces in the browser's memory, outside the wasm heap, which never shrinks. They last as long as the worker.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use web_sys::Blob;

use super::js;
use crate::bytes::LocalBoxFuture;
use crate::download::{PieceLocation, Store, StoreEntry, StoreFuture, WriteLock};

#[derive(Default)]
struct MemoryFile {
    journal: Vec<u8>,
    pieces: BTreeMap<u32, Blob>,
}

type MemoryFiles = Rc<RefCell<BTreeMap<String, MemoryFile>>>;

thread_local! {
    /// For all loads of the worker: a load that begins again finds what an earlier one fetched.
    static FILES: MemoryFiles = MemoryFiles::default();
}

/// The store in the worker's memory.
pub struct MemoryStore(MemoryFiles);

impl Default for MemoryStore {
    fn default() -> Self {
        Self(FILES.with(Rc::clone))
    }
}

struct NoLock;

impl WriteLock for NoLock {}

impl Store for MemoryStore {
    fn entry(&self, key: &str) -> Box<dyn StoreEntry> {
        Box::new(MemoryEntry(self.0.clone(), key.to_owned()))
    }

    fn lock<'a>(&'a self, _: &'a str) -> StoreFuture<'a, Box<dyn WriteLock>> {
        Box::pin(async { Ok(Box::new(NoLock) as Box<dyn WriteLock>) })
    }

    fn keys(&self) -> StoreFuture<'_, Vec<String>> {
        let keys = self.0.borrow().keys().cloned().collect();
        Box::pin(async { Ok(keys) })
    }

    fn remove<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        self.0.borrow_mut().remove(key);
        Box::pin(async { Ok(()) })
    }

    fn reserves_room(&self) -> bool {
        false
    }

    fn free(&self) -> LocalBoxFuture<'_, Option<u64>> {
        Box::pin(async { None })
    }
}

struct MemoryEntry(MemoryFiles, String);

impl MemoryEntry {
    fn with<T>(&self, change: impl FnOnce(&mut MemoryFile) -> T) -> T {
        change(self.0.borrow_mut().entry(self.1.clone()).or_default())
    }
}

impl StoreEntry for MemoryEntry {
    fn journal(&self) -> StoreFuture<'_, Vec<u8>> {
        let journal = self.0.borrow().get(&self.1).map(|file| file.journal.clone()).unwrap_or_default();
        Box::pin(async { Ok(journal) })
    }

    fn reset<'a>(&'a self, journal: &'a [u8], _room: u64) -> StoreFuture<'a, ()> {
        self.with(|file| *file = MemoryFile { journal: journal.to_vec(), ..MemoryFile::default() });
        Box::pin(async { Ok(()) })
    }

    fn append<'a>(&'a self, line: &'a [u8]) -> StoreFuture<'a, ()> {
        self.with(|file| file.journal.extend(line));
        Box::pin(async { Ok(()) })
    }

    fn put<'a>(&'a self, location: PieceLocation, bytes: &'a [u8]) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let blob = Blob::new_with_buffer_source_sequence(&Array::of1(&Uint8Array::from(bytes)))
                .map_err(|e| js::failed(&e))?;
            self.with(|file| drop(file.pieces.insert(location.index, blob)));
            Ok(())
        })
    }

    fn get(&self, location: PieceLocation, from: usize, len: usize) -> StoreFuture<'_, Option<Vec<u8>>> {
        let blob = self.with(|file| file.pieces.get(&location.index).cloned());
        Box::pin(async move {
            let Some(blob) = blob else { return Ok(None) };
            js::bytes_of(&blob, from as u64, (from + len) as u64).await.map_err(|e| js::failed(&e))
        })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

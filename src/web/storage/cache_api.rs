//! The Cache API, where there is no OPFS: an entry for each piece, under addresses that nobody can reach.

use std::cell::{Cell, RefCell};

use js_sys::{Array, Function, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use super::js::{self, Blob, Cache};
use super::locks;
use crate::bytes::LocalBoxFuture;
use crate::download::{Entry, Lock, Place, Signal, Store, StoreError, Stored};

const NAME: &str = "secondpass";
const BASE: &str = "https://secondpass.invalid/";
const JOURNAL: &str = "journal";

/// The cache of all stored files.
pub struct CacheStore {
    cache: Cache,
}

impl CacheStore {
    /// Opens it; an error where the browser has none, or does not give it to this page.
    pub async fn open() -> Result<Self, StoreError> {
        let missing = || StoreError::Failed("this browser has no Cache API here".to_owned());
        let caches = js::global(&["caches"]).ok_or_else(missing)?;
        let cache = js::call(&caches, "open", &[NAME.into()]).await.ok_or_else(missing)?.map_err(|e| js::failed(&e))?;
        Ok(Self { cache: cache.unchecked_into() })
    }

    async fn addresses(&self) -> Result<Vec<String>, StoreError> {
        let requests: Array = self.cache.requests().await.map_err(|e| js::failed(&e))?.unchecked_into();
        Ok(requests.iter().filter_map(|r| js::get(&r, "url")?.as_string()).collect())
    }
}

impl Store for CacheStore {
    fn entry(&self, key: &str) -> Box<dyn Entry> {
        let (cache, base) = (self.cache.clone(), format!("{BASE}{key}/"));
        Box::new(CacheEntry {
            cache,
            base,
            journal: RefCell::default(),
            writing: Cell::default(),
            written: Signal::default(),
        })
    }

    fn lock<'a>(&'a self, key: &'a str) -> Stored<'a, Box<dyn Lock>> {
        Box::pin(locks::lock(key))
    }

    fn keys(&self) -> Stored<'_, Vec<String>> {
        Box::pin(async move {
            let key =
                |url: &String| Some(url.strip_prefix(BASE)?.strip_suffix(JOURNAL)?.trim_end_matches('/').to_owned());
            Ok(self.addresses().await?.iter().filter_map(key).collect())
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> Stored<'a, ()> {
        Box::pin(async move {
            let base = format!("{BASE}{key}/");
            // The journal first: without it the pieces are nothing.
            self.cache.delete(&format!("{base}{JOURNAL}")).await.map_err(|e| js::failed(&e))?;
            for url in self.addresses().await?.iter().filter(|url| url.starts_with(&base)) {
                self.cache.delete(url).await.map_err(|e| js::failed(&e))?;
            }
            Ok(())
        })
    }

    fn keeps_room(&self) -> bool {
        false
    }

    fn free(&self) -> LocalBoxFuture<'_, Option<u64>> {
        Box::pin(super::free())
    }
}

struct CacheEntry {
    cache: Cache,
    base: String,
    /// The journal as it was last written: the cache has no way to add to one.
    journal: RefCell<Option<Vec<u8>>>,
    writing: Cell<bool>,
    written: Signal,
}

impl CacheEntry {
    async fn find(&self, name: &str) -> Result<Option<Blob>, StoreError> {
        let response = self.cache.find(&format!("{}{name}", self.base)).await.map_err(|e| js::failed(&e))?;
        match js::call(&response, "blob", &[]).await {
            Some(blob) => Ok(Some(blob.map_err(|e| js::failed(&e))?.unchecked_into())),
            None => Ok(None),
        }
    }

    async fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let missing = || StoreError::Failed("there is no Response here".to_owned());
        let class: Function = js::global(&["Response"]).and_then(|r| r.dyn_into().ok()).ok_or_else(missing)?;
        let body: JsValue = Uint8Array::from(bytes).into();
        let response = Reflect::construct(&class, &Array::of1(&body)).map_err(|e| js::failed(&e))?;
        self.cache.put(&format!("{}{name}", self.base), &response).await.map_err(|e| js::failed(&e))?;
        Ok(())
    }

    /// Writes the journal as it is by then; two writes at a time could end in the wrong order.
    async fn write_journal(&self) -> Result<(), StoreError> {
        self.written.until(|| (!self.writing.replace(true)).then_some(())).await;
        let _guard = Writing(self);
        let journal = self.journal.borrow().clone().unwrap_or_default();
        self.write(JOURNAL, &journal).await
    }
}

struct Writing<'a>(&'a CacheEntry);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.writing.set(false);
        self.0.written.notify();
    }
}

impl Entry for CacheEntry {
    fn journal(&self) -> Stored<'_, Vec<u8>> {
        Box::pin(async move {
            let bytes = match self.find(JOURNAL).await? {
                Some(blob) => js::bytes_of(&blob, 0, blob.size() as u64).await.map_err(|e| js::failed(&e))?,
                None => None,
            };
            let bytes = bytes.unwrap_or_default();
            *self.journal.borrow_mut() = Some(bytes.clone());
            Ok(bytes)
        })
    }

    fn reset<'a>(&'a self, journal: &'a [u8], _room: u64) -> Stored<'a, ()> {
        Box::pin(async move {
            // Pieces of before are overwritten in time, and are not in the new journal until then.
            *self.journal.borrow_mut() = Some(journal.to_vec());
            self.write_journal().await
        })
    }

    fn append<'a>(&'a self, line: &'a [u8]) -> Stored<'a, ()> {
        Box::pin(async move {
            if self.journal.borrow().is_none() {
                self.journal().await?;
            }
            self.journal.borrow_mut().get_or_insert_default().extend(line);
            self.write_journal().await
        })
    }

    fn put<'a>(&'a self, place: Place, bytes: &'a [u8]) -> Stored<'a, ()> {
        Box::pin(async move { self.write(&place.index.to_string(), bytes).await })
    }

    fn get(&self, place: Place, from: usize, len: usize) -> Stored<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            let Some(blob) = self.find(&place.index.to_string()).await? else { return Ok(None) };
            js::bytes_of(&blob, from as u64, (from + len) as u64).await.map_err(|e| js::failed(&e))
        })
    }

    fn close(&self) -> Stored<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

//! Storage in the Cache API, where there is no OPFS: a cache entry for each piece, under URLs of a reserved domain.

use std::cell::{Cell, RefCell};
use std::pin::pin;

use futures_util::future::Either;
use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Cache, CacheStorage, Request, Response};

use super::{estimate, js, locks};
use crate::bytes::LocalBoxFuture;
use crate::download::{
    LocalCondvar, PieceLocation, Store, StoreEntry, StoreError, StoreFuture, WriteLock, select_first,
};
use crate::web::clock;

/// Longer than anything here takes. Chromium's Cache API may never answer again once the site's storage was cleared.
const ANSWER_MS: f64 = 15_000.0;

/// And then this long: of a device that slept, that timer ends before an answer that was on its way.
const AWAKE_MS: f64 = 5_000.0;

thread_local! {
    /// Whether it has left something unanswered: then it is not asked any more.
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

async fn answered<T>(work: impl Future<Output = Result<T, JsValue>>) -> Result<T, StoreError> {
    let mut work = pin!(work);
    for ms in [ANSWER_MS, AWAKE_MS] {
        if SILENT.get() {
            break;
        }
        if let Either::Left(result) = select_first(&mut work, clock::sleep(ms)).await {
            return result.map_err(|e| js::failed(&e));
        }
    }
    SILENT.set(true);
    Err(StoreError::Failed("the Cache API does not answer".to_owned()))
}

async fn answer(promise: Promise) -> Result<JsValue, StoreError> {
    answered(JsFuture::from(promise)).await
}

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
        let caches: CacheStorage = js::global(&["caches"]).ok_or_else(missing)?.unchecked_into();
        Ok(Self { cache: answer(caches.open(NAME)).await?.unchecked_into() })
    }

    async fn addresses(&self) -> Result<Vec<String>, StoreError> {
        let requests: Array = answer(self.cache.keys()).await?.unchecked_into();
        Ok(requests.iter().map(|request| request.unchecked_into::<Request>().url()).collect())
    }

    async fn delete(&self, url: &str) -> Result<(), StoreError> {
        answer(self.cache.delete_with_str(url)).await.map(drop)
    }
}

impl Store for CacheStore {
    fn entry(&self, key: &str) -> Box<dyn StoreEntry> {
        let (cache, base) = (self.cache.clone(), format!("{BASE}{key}/"));
        Box::new(CacheEntry {
            cache,
            base,
            journal: RefCell::default(),
            writing: Cell::default(),
            written: LocalCondvar::default(),
        })
    }

    fn lock<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Box<dyn WriteLock>> {
        Box::pin(locks::lock(key))
    }

    fn keys(&self) -> StoreFuture<'_, Vec<String>> {
        Box::pin(async move {
            let key =
                |url: &String| Some(url.strip_prefix(BASE)?.strip_suffix(JOURNAL)?.trim_end_matches('/').to_owned());
            Ok(self.addresses().await?.iter().filter_map(key).collect())
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let base = format!("{BASE}{key}/");
            // The journal first: without it the pieces are ignored.
            self.delete(&format!("{base}{JOURNAL}")).await?;
            for url in self.addresses().await?.iter().filter(|url| url.starts_with(&base)) {
                self.delete(url).await?;
            }
            Ok(())
        })
    }

    fn reserves_room(&self) -> bool {
        false
    }

    fn free(&self) -> LocalBoxFuture<'_, Option<u64>> {
        Box::pin(estimate::free())
    }
}

async fn bytes(blob: &Blob, from: u64, to: u64) -> Result<Option<Vec<u8>>, StoreError> {
    answered(js::bytes_of(blob, from, to)).await
}

struct CacheEntry {
    cache: Cache,
    base: String,
    /// The journal as it was last written: a cache entry cannot be appended to.
    journal: RefCell<Option<Vec<u8>>>,
    writing: Cell<bool>,
    written: LocalCondvar,
}

impl CacheEntry {
    async fn find(&self, name: &str) -> Result<Option<Blob>, StoreError> {
        let response = answer(self.cache.match_with_str(&format!("{}{name}", self.base))).await?;
        if response.is_undefined() {
            return Ok(None);
        }
        let blob = response.unchecked_into::<Response>().blob().map_err(|e| js::failed(&e))?;
        answer(blob).await.map(|blob| Some(blob.unchecked_into()))
    }

    async fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        // A copy outside the wasm heap, which may be moved while the browser reads.
        let body = Uint8Array::from(bytes);
        let response = Response::new_with_opt_buffer_source(Some(&body)).map_err(|e| js::failed(&e))?;
        answer(self.cache.put_with_str(&format!("{}{name}", self.base), &response)).await.map(drop)
    }

    /// Writes the current journal, after any write before it: two at a time could end in the wrong order.
    async fn write_journal(&self) -> Result<(), StoreError> {
        self.written.wait_until(|| (!self.writing.replace(true)).then_some(())).await;
        let _guard = JournalWrite(self);
        let journal = self.journal.borrow().clone().unwrap_or_default();
        self.write(JOURNAL, &journal).await
    }
}

struct JournalWrite<'a>(&'a CacheEntry);

impl Drop for JournalWrite<'_> {
    fn drop(&mut self) {
        self.0.writing.set(false);
        self.0.written.notify_all();
    }
}

impl StoreEntry for CacheEntry {
    fn journal(&self) -> StoreFuture<'_, Vec<u8>> {
        Box::pin(async move {
            let bytes = match self.find(JOURNAL).await? {
                Some(blob) => bytes(&blob, 0, blob.size() as u64).await?,
                None => None,
            };
            let bytes = bytes.unwrap_or_default();
            *self.journal.borrow_mut() = Some(bytes.clone());
            Ok(bytes)
        })
    }

    fn reset<'a>(&'a self, journal: &'a [u8], _room: u64) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            // Old pieces are overwritten later, and are not in the new journal until then.
            *self.journal.borrow_mut() = Some(journal.to_vec());
            self.write_journal().await
        })
    }

    fn append<'a>(&'a self, line: &'a [u8]) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            if self.journal.borrow().is_none() {
                self.journal().await?;
            }
            self.journal.borrow_mut().get_or_insert_default().extend(line);
            self.write_journal().await
        })
    }

    fn put<'a>(&'a self, location: PieceLocation, bytes: &'a [u8]) -> StoreFuture<'a, ()> {
        Box::pin(async move { self.write(&location.index.to_string(), bytes).await })
    }

    fn get(&self, location: PieceLocation, from: usize, len: usize) -> StoreFuture<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            let Some(blob) = self.find(&location.index.to_string()).await? else { return Ok(None) };
            bytes(&blob, from as u64, (from + len) as u64).await
        })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

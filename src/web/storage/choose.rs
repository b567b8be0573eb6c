//! Chooses a store.

use std::rc::Rc;

use super::cache_api::CacheStore;
use super::memory::MemoryStore;
use super::opfs::OpfsStore;
use crate::bytes::SourceError;
use crate::download::{Store, StoreError};

/// The name of the store that outlasts no load.
pub const MEMORY: &str = "memory";

/// A store, and its name in `info`.
pub type NamedStore = (Rc<dyn Store>, &'static str);

/// Opens the store that the page asks for; with `auto` the best that there is.
pub async fn open(choice: &str) -> Result<NamedStore, SourceError> {
    let failed = |e: StoreError| e.for_file("the model");
    match choice {
        "opfs" => opfs().await.map_err(failed),
        "cache-api" => cache_api().await.map_err(failed),
        MEMORY => Ok((memory(), MEMORY)),
        // Private windows refuse some of them, each browser in its own way.
        _ => match opfs().await {
            Ok(store) => Ok(store),
            Err(_) => Ok(cache_api().await.unwrap_or_else(|_| (memory(), MEMORY))),
        },
    }
}

/// The worker's memory.
pub fn memory() -> Rc<dyn Store> {
    Rc::new(MemoryStore::default())
}

/// The stores that outlast the worker.
pub async fn persistent() -> Vec<NamedStore> {
    [opfs().await, cache_api().await].into_iter().flatten().collect()
}

async fn opfs() -> Result<NamedStore, StoreError> {
    Ok((Rc::new(OpfsStore::open().await?), "opfs"))
}

async fn cache_api() -> Result<NamedStore, StoreError> {
    Ok((Rc::new(CacheStore::open().await?), "cache-api"))
}

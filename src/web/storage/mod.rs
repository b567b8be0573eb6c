//! Where a browser keeps files: OPFS, else the Cache API, else memory.

mod blob;
mod cache_api;
mod js;
mod locks;
mod memory;
mod opfs;

use std::rc::Rc;

pub use blob::BlobFolder;
pub use js::{Blob, get, global, options};

use crate::bytes::WeightsError;
use crate::download::{Store, StoreError};

/// A store, and its name in `info`.
pub type Named = (Rc<dyn Store>, &'static str);

/// Opens what the page asks for; with `auto` the best that there is.
pub async fn open(choice: &str) -> Result<Named, WeightsError> {
    let memory = || (Rc::new(memory::MemoryStore::default()) as Rc<dyn Store>, "memory");
    let failed = |e: StoreError| e.of("the model");
    match choice {
        "opfs" => opfs().await.map_err(failed),
        "cache-api" => cache_api().await.map_err(failed),
        "memory" => Ok(memory()),
        // Private windows refuse the others, each in its own way.
        _ => match opfs().await {
            Ok(store) => Ok(store),
            Err(_) => Ok(cache_api().await.unwrap_or_else(|_| memory())),
        },
    }
}

/// All that outlast the worker.
pub async fn lasting() -> Vec<Named> {
    [opfs().await, cache_api().await].into_iter().flatten().collect()
}

async fn opfs() -> Result<Named, StoreError> {
    Ok((Rc::new(opfs::OpfsStore::open().await?), "opfs"))
}

async fn cache_api() -> Result<Named, StoreError> {
    Ok((Rc::new(cache_api::CacheStore::open().await?), "cache-api"))
}

/// What the browser says may still be stored.
async fn free() -> Option<u64> {
    let storage = js::global(&["navigator", "storage"])?;
    let estimate = js::call(&storage, "estimate", &[]).await?.ok()?;
    let number = |key| js::get(&estimate, key).and_then(|v| v.as_f64());
    Some((number("quota")? - number("usage")?).max(0.0) as u64)
}

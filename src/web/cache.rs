//! The stored files, for pages that list, check or delete them.

use js_sys::Function;
use serde::Serialize;
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

use super::load::{self, LoadHost, resolved};
use super::{bindings, error, storage};
use crate::api::RequestError;
use crate::bytes::DEFAULT_HUB;
use crate::download::{StoreError, check, list, remove};

#[derive(Serialize)]
struct WithStorage<T> {
    #[serde(flatten)]
    file: T,
    storage: &'static str,
}

fn failed(error: StoreError) -> JsValue {
    let error = crate::Error::from(error.for_file("what is stored"));
    error::to_js(&error)
}

fn json<T: Serialize>(files: &[WithStorage<T>]) -> Result<String, JsValue> {
    serde_json::to_string(files).map_err(|e| error::typed("internal", 500, &e.to_string()))
}

/// Stores the files of a model without loading it; returns the name of where they are kept. The options are those of a
/// load.
#[wasm_bindgen]
pub async fn cache_add(
    options: String,
    host: LoadHost,
    signal: AbortSignal,
    on_progress: Function,
) -> Result<String, JsValue> {
    let storing = add(&options, host, &signal, on_progress);
    load::until_aborted(&signal, storing).await.map(str::to_owned).map_err(|e| error::to_js(&e))
}

async fn add(
    options: &str,
    host: LoadHost,
    signal: &AbortSignal,
    on_progress: Function,
) -> Result<&'static str, crate::Error> {
    let files = serde_json::from_str(options).map_err(|e| RequestError::invalid(format!("load options: {e}")))?;
    let aborted = || signal.aborted();
    let observer = bindings::watching(&aborted);
    let report = move |progress| bindings::tell(&on_progress, &progress);
    load::store(files, host, &observer, std::rc::Rc::new(report)).await
}

/// All stored files, as JSON.
#[wasm_bindgen]
pub async fn cache_list() -> Result<String, JsValue> {
    let mut files = Vec::new();
    for (store, storage) in storage::persistent().await {
        let listed = list(&*store).await.map_err(failed)?;
        files.extend(listed.into_iter().map(|file| WithStorage { file, storage }));
    }
    json(&files)
}

/// Deletes the file at a URL or all files in the folder there; without a URL, all. Returns how many.
#[wasm_bindgen]
pub async fn cache_delete(url: Option<String>) -> Result<usize, JsValue> {
    let url = url.map(|url| resolved(&url, DEFAULT_HUB)).transpose().map_err(|e| error::to_js(&e.into()))?;
    let mut removed = 0;
    for (store, _) in storage::persistent().await {
        removed += remove(&*store, url.as_deref()).await.map_err(failed)?;
    }
    Ok(removed)
}

/// Compares the file at a URL or all files in the folder there with their checksums; JSON.
#[wasm_bindgen]
pub async fn cache_verify(url: String) -> Result<String, JsValue> {
    let url = resolved(&url, DEFAULT_HUB).map_err(|e| error::to_js(&e.into()))?;
    let mut files = Vec::new();
    for (store, storage) in storage::persistent().await {
        let checked = check(&*store, &url).await.map_err(failed)?;
        files.extend(checked.into_iter().map(|file| WithStorage { file, storage }));
    }
    json(&files)
}

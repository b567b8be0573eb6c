//! Helpers for JavaScript objects, promises and errors.

use js_sys::{Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, StorageManager};

use crate::download::StoreError;

/// `navigator.storage`, which pages without a secure context lack.
pub fn storage_manager() -> Option<StorageManager> {
    global(&["navigator", "storage"]).map(JsCast::unchecked_into)
}

/// Waits for a promise, whose value is of that class.
pub async fn resolve<T: JsCast>(promise: Promise) -> Result<T, JsValue> {
    JsFuture::from(promise).await.map(JsCast::unchecked_into)
}

/// Bytes `from..to` of a blob, if they are all there.
pub async fn bytes_of(blob: &Blob, from: u64, to: u64) -> Result<Option<Vec<u8>>, JsValue> {
    if to as f64 > blob.size() {
        return Ok(None);
    }
    let slice = blob.slice_with_f64_and_f64(from as f64, to as f64)?;
    let buffer = JsFuture::from(slice.array_buffer()).await?;
    Ok(Some(Uint8Array::new(&buffer).to_vec()))
}

/// A property of an object, unless it is null or undefined.
pub fn get(object: &JsValue, key: &str) -> Option<JsValue> {
    Reflect::get(object, &key.into()).ok().filter(|v| !v.is_undefined() && !v.is_null())
}

/// A property of a property … of the worker's global object.
pub fn global(path: &[&str]) -> Option<JsValue> {
    path.iter().try_fold(JsValue::from(js_sys::global()), |object, key| get(&object, key))
}

/// `{ key: value }`.
pub fn options(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (key, value) in fields {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&object, &(*key).into(), value);
    }
    object.into()
}

/// A DOMException's name.
pub fn name_of(error: &JsValue) -> String {
    get(error, "name").and_then(|n| n.as_string()).unwrap_or_default()
}

/// The error of storage for an exception.
pub fn failed(error: &JsValue) -> StoreError {
    if name_of(error) == "QuotaExceededError" {
        return StoreError::Full;
    }
    StoreError::Failed(message_of(error))
}

/// A DOMException's name and message.
pub fn message_of(error: &JsValue) -> String {
    let message = get(error, "message").and_then(|m| m.as_string()).or_else(|| error.as_string()).unwrap_or_default();
    format!("{}: {message}", name_of(error))
}

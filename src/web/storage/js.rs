//! The browser's interfaces of storage, as far as they are used. Bound here because their types are of many names and
//! few methods.

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::download::StoreError;

#[wasm_bindgen]
extern "C" {
    /// `FileSystemDirectoryHandle`.
    #[derive(Clone)]
    pub type DirectoryHandle;
    #[wasm_bindgen(method, catch, js_name = getDirectoryHandle)]
    pub async fn directory(this: &DirectoryHandle, name: &str, options: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getFileHandle)]
    pub async fn file(this: &DirectoryHandle, name: &str, options: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = removeEntry)]
    pub async fn remove(this: &DirectoryHandle, name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method)]
    pub fn keys(this: &DirectoryHandle) -> js_sys::AsyncIterator;

    /// `FileSystemFileHandle`.
    pub type FileHandle;
    #[wasm_bindgen(method, catch, js_name = createSyncAccessHandle)]
    pub async fn access(this: &FileHandle) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getFile)]
    pub async fn blob(this: &FileHandle) -> Result<JsValue, JsValue>;

    /// `FileSystemSyncAccessHandle`.
    #[derive(Clone)]
    pub type AccessHandle;
    #[wasm_bindgen(method, catch)]
    pub fn read(this: &AccessHandle, into: &mut [u8], options: &JsValue) -> Result<f64, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn write(this: &AccessHandle, from: &[u8], options: &JsValue) -> Result<f64, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn truncate(this: &AccessHandle, size: f64) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = getSize)]
    pub fn size(this: &AccessHandle) -> Result<f64, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn flush(this: &AccessHandle) -> Result<(), JsValue>;
    #[wasm_bindgen(method)]
    pub fn close(this: &AccessHandle);

    /// `Blob` and `File`.
    #[derive(Clone)]
    pub type Blob;
    #[wasm_bindgen(constructor, catch)]
    pub fn new(parts: &Array) -> Result<Blob, JsValue>;
    #[wasm_bindgen(method, getter)]
    pub fn size(this: &Blob) -> f64;
    #[wasm_bindgen(method, getter)]
    pub fn name(this: &Blob) -> Option<String>;
    #[wasm_bindgen(method)]
    pub fn slice(this: &Blob, from: f64, to: f64) -> Blob;
    #[wasm_bindgen(method, catch, js_name = arrayBuffer)]
    pub async fn array_buffer(this: &Blob) -> Result<JsValue, JsValue>;

    /// `Cache`.
    #[derive(Clone)]
    pub type Cache;
    #[wasm_bindgen(method, catch, js_name = match)]
    pub async fn find(this: &Cache, url: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub async fn put(this: &Cache, url: &str, response: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub async fn delete(this: &Cache, url: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = keys)]
    pub async fn requests(this: &Cache) -> Result<JsValue, JsValue>;
}

/// Bytes `from..to` of a blob, if they are all there.
pub async fn bytes_of(blob: &Blob, from: u64, to: u64) -> Result<Option<Vec<u8>>, JsValue> {
    if to as f64 > blob.size() {
        return Ok(None);
    }
    let buffer = blob.slice(from as f64, to as f64).array_buffer().await?;
    Ok(Some(Uint8Array::new(&buffer).to_vec()))
}

/// A field of an object, if it is there.
pub fn get(object: &JsValue, key: &str) -> Option<JsValue> {
    Reflect::get(object, &key.into()).ok().filter(|v| !v.is_undefined() && !v.is_null())
}

/// A field of a field … of the worker's global object.
pub fn global(path: &[&str]) -> Option<JsValue> {
    path.iter().try_fold(JsValue::from(js_sys::global()), |object, key| get(&object, key))
}

/// Calls a method and waits for its promise. `None` if there is no such method.
pub async fn call(object: &JsValue, method: &str, arguments: &[JsValue]) -> Option<Result<JsValue, JsValue>> {
    let function: Function = get(object, method)?.dyn_into().ok()?;
    let list: Array = arguments.iter().collect();
    Some(match Reflect::apply(&function, object, &list) {
        Ok(value) => match value.dyn_into::<Promise>() {
            Ok(promise) => JsFuture::from(promise).await,
            Err(value) => Ok(value),
        },
        Err(error) => Err(error),
    })
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

/// What went wrong, as storage says it.
pub fn failed(error: &JsValue) -> StoreError {
    let name = name_of(error);
    if name == "QuotaExceededError" {
        return StoreError::Full;
    }
    let message = get(error, "message").and_then(|m| m.as_string()).or_else(|| error.as_string()).unwrap_or_default();
    StoreError::Failed(format!("{name}: {message}"))
}

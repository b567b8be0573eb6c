//! Locks among all tabs, by the Web Locks API. A tab that dies releases its own. web-sys has the API only behind a flag
//! for unstable ones.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::js;
use crate::download::{StoreError, WriteLock};

struct WebLock {
    release: Option<Function>,
}

impl WriteLock for WebLock {}

impl Drop for WebLock {
    fn drop(&mut self) {
        if let Some(release) = &self.release {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Waits for the exclusive right to write a stored file. Where the browser has no locks, tabs may fetch the same twice;
/// what they store is checked anyway.
pub async fn lock(key: &str) -> Result<Box<dyn WriteLock>, StoreError> {
    let Some(locks) = js::global(&["navigator", "locks"]) else { return Ok(Box::new(WebLock { release: None })) };
    let Some(request) = js::get(&locks, "request").and_then(|r| r.dyn_into::<Function>().ok()) else {
        return Ok(Box::new(WebLock { release: None }));
    };
    let mut release = None;
    let hold = Promise::new(&mut |resolve, _| release = Some(resolve));
    // Dropped while it waits, it releases the lock as soon as it is granted.
    let held = WebLock { release };
    let granted = Promise::new(&mut |resolve, reject| {
        let hold = hold.clone();
        let callback = Closure::once_into_js(move || {
            let _ = resolve.call0(&JsValue::UNDEFINED);
            hold
        });
        let name = format!("secondpass:{key}").into();
        match Reflect::apply(&request, &locks, &[name, callback].iter().collect()) {
            Ok(promise) => {
                let catch = js::get(&promise, "catch").and_then(|c| c.dyn_into::<Function>().ok());
                let _ = catch.map(|catch| catch.call1(&promise, &reject));
            }
            Err(error) => drop(reject.call1(&JsValue::UNDEFINED, &error)),
        }
    });
    JsFuture::from(granted).await.map_err(|e| js::failed(&e))?;
    Ok(Box::new(held))
}

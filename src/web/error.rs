//! Errors as the plain objects that travel from the worker to the page.

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

use crate::Error;

/// `{ name, code, status, message }`, or `{ name: "AbortError", message }`.
pub fn to_js(error: &Error) -> JsValue {
    if error.is_abort() {
        return object(&[("name", "AbortError".into()), ("message", error.to_string().into())]);
    }
    typed(error.code(), error.status(), &error.to_string())
}

/// A typed error that did not come from the engine.
pub fn typed(code: &str, status: u16, message: &str) -> JsValue {
    object(&[
        ("name", "SecondpassError".into()),
        ("code", code.into()),
        ("status", status.into()),
        ("message", message.into()),
    ])
}

fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (key, value) in fields {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&object, &(*key).into(), value);
    }
    object.into()
}

//! Time, timers and the event loop of a worker.

use std::cell::Cell;

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::MessageChannel;

use crate::bytes::LocalBoxFuture;
use crate::bytes::http::Clock;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the worker started; the std clock panics on wasm. Bound directly: looking it up in the global
    /// object takes most of a millisecond, and the engine asks a dozen times for each document.
    #[wasm_bindgen(js_namespace = performance)]
    pub fn now() -> f64;
}

/// How long work may go on before the worker handles its messages.
const TURN_MS: f64 = 25.0;

thread_local! {
    static LAST_PAUSE: Cell<f64> = const { Cell::new(0.0) };
}

/// Yields to the worker's messages, if it has not for a while. The pause ends with a message that it posts itself: a
/// microtask would run before any message, and browsers extend chained timers to four milliseconds.
pub async fn pause() {
    if now() - LAST_PAUSE.get() < TURN_MS {
        return;
    }
    if let Ok(channel) = MessageChannel::new() {
        let promise = Promise::new(&mut |resolve, _| {
            channel.port1().set_onmessage(Some(&resolve));
            if channel.port2().post_message(&JsValue::UNDEFINED).is_err() {
                let _ = resolve.call0(&JsValue::UNDEFINED);
            }
        });
        // The promise is never rejected.
        let _ = JsFuture::from(promise).await;
        // An open port would stay alive.
        channel.port1().close();
    }
    LAST_PAUSE.set(now());
}

/// Waits.
pub async fn sleep(ms: f64) {
    let mut timer = Timer(None);
    let promise = Promise::new(&mut |resolve, _| {
        timer.0 = call_global("setTimeout", &[&resolve, &ms.into()]);
        // Without a timer nothing would ever end the wait.
        if timer.0.is_none() {
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    });
    // The promise is never rejected.
    let _ = JsFuture::from(promise).await;
    timer.0 = None;
}

/// Cleared when it is dropped: a download starts one with every chunk of a body.
struct Timer(Option<JsValue>);

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(id) = &self.0 {
            call_global("clearTimeout", &[id]);
        }
    }
}

fn call_global(name: &str, arguments: &[&JsValue]) -> Option<JsValue> {
    let function: Function = Reflect::get(&js_sys::global(), &name.into()).ok()?.dyn_into().ok()?;
    let list: Array = arguments.iter().collect();
    Reflect::apply(&function, &js_sys::global(), &list).ok()
}

/// The worker's clock.
pub struct WorkerClock;

impl Clock for WorkerClock {
    fn now(&self) -> f64 {
        now()
    }

    fn sleep(&self, ms: f64) -> LocalBoxFuture<'static, ()> {
        Box::pin(sleep(ms))
    }

    fn random(&self) -> f64 {
        js_sys::Math::random()
    }
}

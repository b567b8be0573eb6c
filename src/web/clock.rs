//! Time and turns of the event loop, in a worker.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::weights::LocalBoxFuture;
use crate::weights::download::Clock;

/// Milliseconds since the worker started, from `performance.now()`; the std clock panics on wasm.
pub fn now() -> f64 {
    let performance = Reflect::get(&js_sys::global(), &"performance".into()).unwrap_or(JsValue::UNDEFINED);
    performance.dyn_ref::<web_sys::Performance>().map_or(0.0, web_sys::Performance::now)
}

/// Lets the worker handle its messages. A timer, because a microtask would run before any message.
pub async fn pause() {
    sleep(0.0).await;
}

/// Waits.
pub async fn sleep(ms: f64) {
    let promise = Promise::new(&mut |resolve, _| {
        let timer = Reflect::get(&js_sys::global(), &"setTimeout".into()).ok();
        match timer.as_ref().and_then(|t| t.dyn_ref::<Function>()) {
            Some(set_timeout) => {
                // Without a timer there is nobody to wait for either.
                if set_timeout.call2(&js_sys::global(), &resolve, &ms.into()).is_err() {
                    let _ = resolve.call0(&JsValue::UNDEFINED);
                }
            }
            None => {
                let _ = resolve.call0(&JsValue::UNDEFINED);
            }
        }
    });
    // The promise is never rejected.
    let _ = JsFuture::from(promise).await;
}

/// The worker's clock, as downloads see it.
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

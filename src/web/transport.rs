//! Requests, by `fetch`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use js_sys::{Date, Function, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, Response};

use super::storage::{get, global, options};
use crate::bytes::LocalBoxFuture;
use crate::download::{Answer, Ask, Head, Lost, Transport};

#[wasm_bindgen]
extern "C" {
    type AbortController;
    #[wasm_bindgen(constructor)]
    fn new() -> AbortController;
    #[wasm_bindgen(method)]
    fn abort(this: &AbortController);
    #[wasm_bindgen(method, getter)]
    fn signal(this: &AbortController) -> JsValue;

    #[wasm_bindgen(js_name = URL)]
    type Url;
    #[wasm_bindgen(constructor, js_class = "URL", catch)]
    fn parse(url: &str) -> Result<Url, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn origin(this: &Url) -> String;
}

/// Ends a request when it is dropped.
struct Request(AbortController);

impl Drop for Request {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The browser's.
#[derive(Default)]
pub struct FetchTransport {
    /// Origins from which something could be read: what fails there is not for lack of permission.
    readable: RefCell<BTreeSet<String>>,
    /// Whether the last answer of an address came from the page's own origin. One of our own may lead elsewhere.
    at_home: RefCell<BTreeMap<String, bool>>,
}

impl FetchTransport {
    async fn send_now(&self, ask: &Ask) -> Result<Box<dyn Answer>, Lost> {
        let (origin, own) = (origin_of(&ask.url), is_own(&ask.url));
        let error = match self.fetch(ask).await {
            Ok(answer) => {
                self.readable.borrow_mut().insert(origin);
                return Ok(Box::new(answer));
            }
            Err(error) => error,
        };
        let known = own || self.readable.borrow().contains(&origin);
        // `fetch` says the same of everything, on purpose. If the host answers, and still gives us nothing, it is for
        // lack of permission, or because of the range.
        if (known && !ask.opens) || !answers(&ask.url, "no-cors").await {
            return Err(error);
        }
        if !ask.plain {
            match self.fetch(ask).await {
                Ok(answer) => return Ok(Box::new(answer)),
                Err(_) if ask.opens => return Err(Lost::Unranged),
                Err(_) => {}
            }
        }
        // Nobody needs permission to read from our own origin, unless the address leads to another.
        let lost = own && answers(&ask.url, "same-origin").await;
        Err(if lost { error } else { Lost::Refused })
    }

    async fn fetch(&self, ask: &Ask) -> Result<FetchAnswer, Lost> {
        let request = Request(AbortController::new());
        let mut headers = Vec::new();
        if !ask.plain {
            let (from, to) = ask.range;
            let to = if to == u64::MAX { String::new() } else { to.to_string() };
            headers.push(("Range", format!("bytes={from}-{to}").into()));
        }
        // Another origin would have to allow this header first, and few do; there the validators of each answer are
        // compared, which comes to the same.
        let at_home = self.at_home.borrow_mut().remove(&ask.url).unwrap_or(false);
        if let Some(validator) = ask.if_range.as_ref().filter(|v| at_home && !v.starts_with("W/")) {
            headers.push(("If-Range", validator.as_str().into()));
        }
        let init = options(&[
            ("headers", options(&headers)),
            ("signal", request.0.signal()),
            // It is stored once already; the browser's own cache would do so again.
            ("cache", "no-store".into()),
        ]);
        let response: Response = call_fetch(&ask.url, &init).await.map_err(|e| lost(&e))?.unchecked_into();
        self.at_home.borrow_mut().insert(ask.url.clone(), is_own(&response.url()));
        let reader = response.body().map(|body| body.get_reader().unchecked_into());
        let mut head = head(&response);
        // Other origins do not let us see whether it is compressed; without a range it probably is.
        head.encoded |= ask.plain;
        Ok(FetchAnswer { head, reader, _request: request })
    }
}

fn origin_of(url: &str) -> String {
    Url::parse(url).map(|url| url.origin()).unwrap_or_default()
}

fn is_own(url: &str) -> bool {
    global(&["location", "origin"]).and_then(|o| o.as_string()).is_some_and(|own| own == origin_of(url))
}

impl Transport for FetchTransport {
    fn send<'a>(&'a self, ask: &'a Ask) -> LocalBoxFuture<'a, Result<Box<dyn Answer>, Lost>> {
        Box::pin(self.send_now(ask))
    }
}

/// Whether there is an answer, though nothing of it may be read.
async fn answers(url: &str, mode: &str) -> bool {
    let request = Request(AbortController::new());
    let fields = [
        ("mode", mode.into()),
        ("method", "HEAD".into()),
        ("cache", "no-store".into()),
        ("signal", request.0.signal()),
    ];
    call_fetch(url, &options(&fields)).await.is_ok()
}

async fn call_fetch(url: &str, init: &JsValue) -> Result<JsValue, JsValue> {
    let fetch: Function =
        global(&["fetch"]).and_then(|f| f.dyn_into().ok()).ok_or_else(|| JsValue::from("there is no fetch() here"))?;
    let promise: Promise = fetch.call2(&js_sys::global(), &url.into(), init)?.dyn_into()?;
    JsFuture::from(promise).await
}

fn lost(error: &JsValue) -> Lost {
    let message = get(error, "message").and_then(|m| m.as_string()).or_else(|| error.as_string());
    Lost::Network(message.unwrap_or_default())
}

fn head(response: &Response) -> Head {
    let header = |name: &str| response.headers().get(name).ok().flatten();
    Head {
        status: response.status(),
        length: header("content-length").and_then(|v| v.parse().ok()),
        range: header("content-range"),
        encoded: header("content-encoding").is_some_and(|e| !e.eq_ignore_ascii_case("identity")),
        etag: header("etag"),
        modified: header("last-modified"),
        kind: header("content-type"),
        retry_after: header("retry-after").as_deref().and_then(seconds_from_now),
    }
}

/// `Retry-After`: seconds, or the date when they will be over.
fn seconds_from_now(value: &str) -> Option<f64> {
    let seconds = value.trim().parse().ok().filter(|s: &f64| *s >= 0.0);
    seconds.or_else(|| Some((Date::parse(value) - Date::now()) / 1000.0).filter(|s| s.is_finite()).map(|s| s.max(0.0)))
}

struct FetchAnswer {
    head: Head,
    reader: Option<ReadableStreamDefaultReader>,
    _request: Request,
}

impl Answer for FetchAnswer {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, Lost>> {
        Box::pin(async move {
            let Some(reader) = &self.reader else { return Ok(None) };
            let step = JsFuture::from(reader.read()).await.map_err(|e| lost(&e))?;
            if get(&step, "done").is_some_and(|done| done.is_truthy()) {
                return Ok(None);
            }
            let bytes = get(&step, "value").and_then(|v| v.dyn_into::<Uint8Array>().ok());
            Ok(Some(bytes.map(|bytes| bytes.to_vec()).unwrap_or_default()))
        })
    }
}

//! Requests, by `fetch`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use js_sys::{Date, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, RequestCache, RequestInit, RequestMode, Response, Url};

use super::storage::{get, global, options};
use crate::bytes::LocalBoxFuture;
use crate::bytes::http::ResponseHead;
use crate::download::{RangeRequest, ResponseStream, Transport, TransportError};

#[wasm_bindgen]
extern "C" {
    /// The worker's `fetch`. It may be missing, or replaced by one that throws.
    #[wasm_bindgen(catch)]
    fn fetch(url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

/// Aborts a request when it is dropped.
struct AbortOnDrop(AbortController);

impl AbortOnDrop {
    fn new() -> Result<Self, TransportError> {
        AbortController::new().map(Self).map_err(|e| network_error(&e))
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The browser's transport.
#[derive(Default)]
pub struct FetchTransport {
    /// Origins whose responses could be read: what fails there does not fail for lack of permission.
    readable: RefCell<BTreeSet<String>>,
    /// Whether the last response for a URL came from the page's own origin: a URL of it may redirect elsewhere.
    same_origin: RefCell<BTreeMap<String, bool>>,
}

impl FetchTransport {
    async fn send_and_diagnose(&self, request: &RangeRequest) -> Result<Box<dyn ResponseStream>, TransportError> {
        let (origin, own) = (origin_of(&request.url), is_own(&request.url));
        let error = match self.fetch(request).await {
            Ok(response) => {
                self.readable.borrow_mut().insert(origin);
                return Ok(Box::new(response));
            }
            Err(error) => error,
        };
        let known = own || self.readable.borrow().contains(&origin);
        // `fetch` deliberately gives one error for all causes. If the host answers other requests, the cause is a lack of
        // permission, or the range.
        if (known && !request.first) || !answers(&request.url, RequestMode::NoCors).await {
            return Err(error);
        }
        if !request.plain {
            match self.fetch(request).await {
                Ok(response) => return Ok(Box::new(response)),
                Err(_) if request.first => return Err(TransportError::RangeRejected),
                Err(_) => {}
            }
        }
        // The page's own origin needs no permission, unless the URL redirects to another.
        let lost = own && answers(&request.url, RequestMode::SameOrigin).await;
        Err(if lost { error } else { TransportError::Cors })
    }

    async fn fetch(&self, request: &RangeRequest) -> Result<FetchResponse, TransportError> {
        let abort = AbortOnDrop::new()?;
        let mut headers = Vec::new();
        if !request.plain {
            let (from, to) = request.range;
            let to = if to == u64::MAX { String::new() } else { to.to_string() };
            headers.push(("Range", format!("bytes={from}-{to}").into()));
        }
        // Other origins would have to allow this header in a preflight, and few do. There the validators of each response
        // are compared, with the same effect.
        let same_origin = self.same_origin.borrow_mut().remove(&request.url).unwrap_or(false);
        if let Some(validator) = request.if_range.as_ref().filter(|v| same_origin && !v.starts_with("W/")) {
            headers.push(("If-Range", validator.as_str().into()));
        }
        let init = RequestInit::new();
        init.set_headers(&options(&headers));
        init.set_signal(Some(&abort.0.signal()));
        // The file is stored once already; the browser's cache would store it again.
        init.set_cache(RequestCache::NoStore);
        let response = send(&request.url, &init).await?;
        self.same_origin.borrow_mut().insert(request.url.clone(), is_own(&response.url()));
        let reader = response.body().map(|body| body.get_reader().unchecked_into());
        let mut head = response_head(&response);
        // Other origins hide whether a body is compressed; without a range it probably is.
        head.encoded |= request.plain;
        Ok(FetchResponse { head, reader, _abort: abort })
    }
}

impl Transport for FetchTransport {
    fn send<'a>(
        &'a self,
        request: &'a RangeRequest,
    ) -> LocalBoxFuture<'a, Result<Box<dyn ResponseStream>, TransportError>> {
        Box::pin(self.send_and_diagnose(request))
    }
}

fn origin_of(url: &str) -> String {
    Url::new(url).map(|url| url.origin()).unwrap_or_default()
}

fn is_own(url: &str) -> bool {
    global(&["location", "origin"]).and_then(|o| o.as_string()).is_some_and(|own| own == origin_of(url))
}

/// Whether the host answers at all, even if the response may not be read.
async fn answers(url: &str, mode: RequestMode) -> bool {
    let Ok(abort) = AbortOnDrop::new() else { return false };
    let init = RequestInit::new();
    init.set_mode(mode);
    init.set_method("HEAD");
    init.set_cache(RequestCache::NoStore);
    init.set_signal(Some(&abort.0.signal()));
    send(url, &init).await.is_ok()
}

async fn send(url: &str, init: &RequestInit) -> Result<Response, TransportError> {
    let promise = fetch(url, init).map_err(|e| network_error(&e))?;
    let response = JsFuture::from(promise).await.map_err(|e| network_error(&e))?;
    Ok(response.unchecked_into())
}

fn network_error(error: &JsValue) -> TransportError {
    let message = get(error, "message").and_then(|m| m.as_string()).or_else(|| error.as_string());
    TransportError::Network(message.unwrap_or_default())
}

fn response_head(response: &Response) -> ResponseHead {
    let header = |name: &str| response.headers().get(name).ok().flatten();
    let head = ResponseHead::from_headers(response.status(), header);
    let retry_after = head.retry_after.or_else(|| header("retry-after").as_deref().and_then(seconds_until));
    ResponseHead { retry_after, ..head }
}

/// Until a date, as `Retry-After` may give one.
fn seconds_until(date: &str) -> Option<f64> {
    Some((Date::parse(date) - Date::now()) / 1000.0).filter(|s| s.is_finite()).map(|s| s.max(0.0))
}

struct FetchResponse {
    head: ResponseHead,
    reader: Option<ReadableStreamDefaultReader>,
    _abort: AbortOnDrop,
}

impl ResponseStream for FetchResponse {
    fn head(&self) -> &ResponseHead {
        &self.head
    }

    fn next_chunk(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, TransportError>> {
        Box::pin(async move {
            let Some(reader) = &self.reader else { return Ok(None) };
            let step = JsFuture::from(reader.read()).await.map_err(|e| network_error(&e))?;
            if get(&step, "done").is_some_and(|done| done.is_truthy()) {
                return Ok(None);
            }
            let bytes = get(&step, "value").and_then(|v| v.dyn_into::<Uint8Array>().ok());
            Ok(Some(bytes.map(|bytes| bytes.to_vec()).unwrap_or_default()))
        })
    }
}

//! Files under a URL, by HTTP range requests; a server without ranges is read once, whole.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, ReadableStreamDefaultReader, RequestInit, Response};

use crate::engine::{Progress, Stage};
use crate::weights::{Folder, LocalBoxFuture, Source, WeightsError};

/// The largest body that is kept whole where a server offers no ranges: the wasm heap never shrinks.
const MAX_WHOLE_BYTES: u64 = 2 << 30;

/// Told of every piece that arrives.
pub type Report = Rc<dyn Fn(Progress)>;

/// A folder of files under one URL.
pub struct HttpFolder {
    base: String,
    signal: AbortSignal,
    report: Report,
}

impl HttpFolder {
    /// `url` is the folder's, with or without the slash at its end; a query string is kept for each file.
    pub fn new(url: &str, signal: AbortSignal, report: Report) -> Self {
        Self { base: url.to_owned(), signal, report }
    }

    fn url_of(&self, file: &str) -> String {
        let (path, query) = self.base.split_once('?').map_or((self.base.as_str(), None), |(p, q)| (p, Some(q)));
        let query = query.map(|q| format!("?{q}")).unwrap_or_default();
        format!("{}/{file}{query}", path.trim_end_matches('/'))
    }
}

impl Folder for HttpFolder {
    fn name(&self) -> &str {
        &self.base
    }

    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, Result<Option<Box<dyn Source>>, WeightsError>> {
        Box::pin(async move {
            let source = HttpSource::open(self.url_of(file), file, &self.signal, &self.report).await?;
            Ok(source.map(|s| Box::new(s) as Box<dyn Source>))
        })
    }
}

/// One file.
struct HttpSource {
    file: String,
    url: String,
    len: u64,
    signal: AbortSignal,
    report: Report,
    /// Bytes read so far, for progress.
    loaded: Cell<u64>,
    /// The body, where the server does not offer ranges.
    whole: RefCell<Option<Vec<u8>>>,
}

impl HttpSource {
    /// Asks for the first byte: the answer tells at once whether the file exists, how long it is, and whether the
    /// server does ranges. `None` for 404.
    async fn open(
        url: String,
        file: &str,
        signal: &AbortSignal,
        report: &Report,
    ) -> Result<Option<Self>, WeightsError> {
        let response = fetch(&url, file, Some("bytes=0-0"), signal).await?;
        let mut source = Self {
            file: file.to_owned(),
            url,
            len: 0,
            signal: signal.clone(),
            report: report.clone(),
            loaded: Cell::new(0),
            whole: RefCell::new(None),
        };
        match response.status() {
            404 | 410 => return Ok(None),
            206 => {
                source.len = total_of(&response).ok_or_else(|| {
                    source.bad("the server answered a range request without saying how long the file is; it must send (and expose to other origins) Content-Range")
                })?;
            }
            // An empty file has no first byte.
            416 => source.len = 0,
            200 => source.read_all(&response).await?,
            status => return Err(source.bad(&format!("the server answered with status {status}"))),
        }
        Ok(Some(source))
    }

    async fn read_all(&mut self, response: &Response) -> Result<(), WeightsError> {
        let announced = header(response, "content-length").and_then(|v| v.parse::<u64>().ok());
        // A compressed body is longer than its content-length says.
        let announced = announced.filter(|_| header(response, "content-encoding").is_none());
        if announced.is_some_and(|n| n > MAX_WHOLE_BYTES) {
            return Err(
                self.bad("the file is too large for a server without range requests; use one that supports them")
            );
        }
        let body = self.body(response, announced.unwrap_or(0), MAX_WHOLE_BYTES).await?;
        if announced.is_some_and(|n| n != body.len() as u64) {
            return Err(self.cut(&format!("{} of {} bytes arrived", body.len(), announced.unwrap_or(0))));
        }
        self.len = body.len() as u64;
        *self.whole.borrow_mut() = Some(body);
        Ok(())
    }

    /// Reads a body piece by piece, with progress, and no more than `limit` bytes of it.
    async fn body(&self, response: &Response, total: u64, limit: u64) -> Result<Vec<u8>, WeightsError> {
        let mut bytes = Vec::new();
        let Some(stream) = response.body() else { return Ok(bytes) };
        let reader: ReadableStreamDefaultReader =
            stream.get_reader().dyn_into().map_err(|_| self.bad("its body cannot be read as a stream"))?;
        loop {
            let step = JsFuture::from(reader.read()).await.map_err(|e| self.failed(&e))?;
            if Reflect::get(&step, &"done".into()).is_ok_and(|v| v.is_truthy()) {
                return Ok(bytes);
            }
            let piece: Uint8Array = Reflect::get(&step, &"value".into())
                .ok()
                .and_then(|v| v.dyn_into().ok())
                .ok_or_else(|| self.bad("its body cannot be read as bytes"))?;
            if bytes.len() as u64 + u64::from(piece.length()) > limit {
                let _ = reader.cancel();
                return Err(self.bad("the server sent more than was asked for"));
            }
            bytes.extend(piece.to_vec());
            self.loaded.set(self.loaded.get() + u64::from(piece.length()));
            let total = if self.len > 0 { self.len } else { total };
            (self.report)(Progress {
                stage: Stage::Download,
                loaded: self.loaded.get().min(total),
                total,
                file: Some(self.file.clone()),
            });
        }
    }

    async fn read_range(&self, offset: u64, len: usize) -> Result<Vec<u8>, WeightsError> {
        let range = format!("bytes={offset}-{}", offset + len as u64 - 1);
        let response = fetch(&self.url, &self.file, Some(&range), &self.signal).await?;
        if response.status() != 206 {
            return Err(self.bad(&format!("the server answered a range request with status {}", response.status())));
        }
        let expected = format!("bytes {offset}-{}/", offset + len as u64 - 1);
        if header(&response, "content-range").is_some_and(|range| !range.starts_with(&expected)) {
            return Err(self.bad("the server sent another range than was asked for"));
        }
        let bytes = self.body(&response, self.len, len as u64).await?;
        if bytes.len() != len {
            return Err(self.cut(&format!("{} of {len} bytes arrived", bytes.len())));
        }
        Ok(bytes)
    }

    fn bad(&self, detail: &str) -> WeightsError {
        WeightsError::BadResponse { file: self.file.clone(), detail: detail.to_owned() }
    }

    fn cut(&self, detail: &str) -> WeightsError {
        WeightsError::Network { file: self.file.clone(), detail: format!("the connection was cut: {detail}") }
    }

    fn failed(&self, error: &JsValue) -> WeightsError {
        network_error(&self.file, error, &self.signal)
    }
}

impl Source for HttpSource {
    fn name(&self) -> &str {
        &self.file
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, WeightsError>> {
        Box::pin(async move {
            if offset.checked_add(len as u64).is_none_or(|end| end > self.len) {
                return Err(self.bad("it is shorter than its own header says"));
            }
            if len == 0 {
                return Ok(Vec::new());
            }
            if let Some(whole) = &*self.whole.borrow() {
                return Ok(whole[offset as usize..][..len].to_vec());
            }
            self.read_range(offset, len).await
        })
    }
}

async fn fetch(url: &str, file: &str, range: Option<&str>, signal: &AbortSignal) -> Result<Response, WeightsError> {
    let init = RequestInit::new();
    init.set_signal(Some(signal));
    if let Some(range) = range {
        let headers = Headers::new().map_err(|e| network_error(file, &e, signal))?;
        headers.set("Range", range).map_err(|e| network_error(file, &e, signal))?;
        init.set_headers(&headers);
    }
    let global = js_sys::global();
    let function: Function = Reflect::get(&global, &"fetch".into())
        .ok()
        .and_then(|f| f.dyn_into().ok())
        .ok_or_else(|| network_error(file, &"there is no fetch() here".into(), signal))?;
    let promise: Promise = function
        .call2(&global, &url.into(), &init)
        .and_then(JsCast::dyn_into)
        .map_err(|e| network_error(file, &e, signal))?;
    let response = JsFuture::from(promise).await.map_err(|e| network_error(file, &e, signal))?;
    response.dyn_into().map_err(|e| network_error(file, &e, signal))
}

/// `fetch` gives one TypeError for everything, on purpose; the sentence names the usual causes.
fn network_error(file: &str, error: &JsValue, signal: &AbortSignal) -> WeightsError {
    if signal.aborted() {
        return WeightsError::Aborted;
    }
    let message = Reflect::get(error, &"message".into()).ok().and_then(|m| m.as_string());
    let message = message.or_else(|| error.as_string()).unwrap_or_default();
    WeightsError::Network { file: file.to_owned(), detail: message }
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name).ok().flatten()
}

/// The file's length from `Content-Range: bytes 0-0/LENGTH`.
fn total_of(response: &Response) -> Option<u64> {
    header(response, "content-range")?.rsplit_once('/')?.1.trim().parse().ok()
}

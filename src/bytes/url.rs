//! Files under a URL, for the native command: read by ranges as they are asked for, or whole where they are small, and not
//! kept.

use std::io::Read;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ureq::http::Response;
use ureq::{Agent, Body};

use super::WeightsError;
use super::source::{Folder, LocalBoxFuture, Source, beyond_the_end};
use crate::download::answer::{Fault, First, first};
use crate::download::tries::Tries;
use crate::download::{Clock, Head, Settings};

/// A host that does not answer for so long is asked again.
const ANSWER: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(10);

/// A folder on a host that does ranges.
pub struct UrlFolder {
    base: String,
    name: String,
    host: Rc<Host>,
}

impl UrlFolder {
    /// The folder at `base`; nobody is asked until a file is.
    pub fn new(base: &str) -> Self {
        let base = base.trim_end_matches('/');
        let name = base.rsplit('/').next().unwrap_or(base).to_owned();
        Self { base: base.to_owned(), name, host: Rc::new(Host::new()) }
    }
}

/// A small file whole; one of more than `limit` bytes is refused.
pub async fn fetch(url: &str, limit: u64) -> Result<Vec<u8>, WeightsError> {
    let host = Host::new();
    let mut tries = Tries::new(&host.settings, host.settings.first_tries);
    loop {
        match host.whole(url, limit) {
            Ok(bytes) => return Ok(bytes),
            Err(fault) => tries.after(url, fault, &Waiting::default()).await?,
        }
    }
}

impl Folder for UrlFolder {
    fn name(&self) -> &str {
        &self.name
    }

    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, Result<Option<Box<dyn Source>>, WeightsError>> {
        Box::pin(async move {
            let url = format!("{}/{file}", self.base);
            let Some((len, etag)) = self.host.len(&url, file).await? else { return Ok(None) };
            let source = UrlSource { url, name: file.to_owned(), len, etag, host: self.host.clone() };
            Ok(Some(Box::new(source) as Box<dyn Source>))
        })
    }
}

/// A file on a host.
struct UrlSource {
    url: String,
    name: String,
    len: u64,
    etag: Option<String>,
    host: Rc<Host>,
}

impl Source for UrlSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, WeightsError>> {
        Box::pin(async move {
            if offset.checked_add(len as u64).is_none_or(|end| end > self.len) {
                return Err(beyond_the_end(&self.name));
            }
            let mut bytes = Vec::with_capacity(len);
            let mut tries = Tries::new(&self.host.settings, self.host.settings.tries);
            // What came before a connection broke is kept.
            while bytes.len() < len {
                let before = bytes.len();
                let Err(fault) = self.more(offset, len, &mut bytes) else { continue };
                if bytes.len() > before {
                    tries.progress();
                }
                tries.after(&self.name, fault, &Waiting::default()).await?;
            }
            Ok(bytes)
        })
    }
}

impl UrlSource {
    fn more(&self, offset: u64, len: usize, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        let (from, to) = (offset + bytes.len() as u64, offset + len as u64 - 1);
        let response = self.host.get(&self.url, from, to)?;
        let head = head(&response);
        match first(&self.name, &head, from, to)? {
            First::Ranged(total) if total == self.len && (head.etag == self.etag) => {}
            First::Ranged(_) | First::Absent => {
                return Err(Fault::Final(WeightsError::Changed { file: self.name.clone() }));
            }
            First::Whole(_) | First::Unmeasured => return Err(Fault::Final(no_ranges(&self.name))),
        }
        let mut body = response.into_body().into_reader().take(to - from + 1);
        body.read_to_end(bytes).map_err(|e| Fault::Passing(e.to_string(), None))?;
        if bytes.len() < len { Err(Fault::Passing("the connection ended early".to_owned(), None)) } else { Ok(()) }
    }
}

/// Whom requests go through.
struct Host {
    agent: Agent,
    settings: Settings,
}

impl Host {
    fn new() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ANSWER))
            .user_agent(concat!("secondpass/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.into(), settings: Settings::default() }
    }

    fn whole(&self, url: &str, limit: u64) -> Result<Vec<u8>, Fault> {
        let response = self.agent.get(url).call().map_err(|e| Fault::Passing(e.to_string(), None))?;
        if let First::Absent = first(url, &head(&response), 0, u64::MAX)? {
            return Err(Fault::Final(WeightsError::NotFound { file: url.to_owned() }));
        }
        let mut bytes = Vec::new();
        let mut body = response.into_body().into_reader().take(limit + 1);
        body.read_to_end(&mut bytes).map_err(|e| Fault::Passing(e.to_string(), None))?;
        if bytes.len() as u64 > limit {
            let detail = format!("it has more than the {limit} bytes that are read");
            return Err(Fault::Final(WeightsError::BadResponse { file: url.to_owned(), detail }));
        }
        Ok(bytes)
    }

    fn get(&self, url: &str, from: u64, to: u64) -> Result<Response<Body>, Fault> {
        // Compressed bytes have no places.
        let ask =
            self.agent.get(url).header("range", format!("bytes={from}-{to}")).header("accept-encoding", "identity");
        ask.call().map_err(|e| Fault::Passing(e.to_string(), None))
    }

    /// How long a file is, with the validator of this version of it; `None` if there is none.
    async fn len(&self, url: &str, file: &str) -> Result<Option<(u64, Option<String>)>, WeightsError> {
        let mut tries = Tries::new(&self.settings, self.settings.first_tries);
        loop {
            let head = self.get(url, 0, 0).map(|response| head(&response));
            let fault = match head.and_then(|head| first(file, &head, 0, 0).map(|first| (first, head.etag))) {
                Ok((First::Ranged(len), etag)) => return Ok(Some((len, etag))),
                Ok((First::Absent, _)) => return Ok(None),
                Ok((First::Whole(_) | First::Unmeasured, _)) => return Err(no_ranges(file)),
                Err(fault) => fault,
            };
            tries.after(file, fault, &Waiting::default()).await?;
        }
    }
}

fn head(response: &Response<Body>) -> Head {
    let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    Head {
        status: response.status().as_u16(),
        length: header("content-length").and_then(|v| v.parse().ok()),
        range: header("content-range"),
        encoded: header("content-encoding").is_some_and(|v| !v.eq_ignore_ascii_case("identity")),
        etag: header("etag"),
        modified: header("last-modified"),
        kind: header("content-type"),
        retry_after: header("retry-after").and_then(|v| v.trim().parse().ok()).filter(|s: &f64| *s >= 0.0),
    }
}

fn no_ranges(file: &str) -> WeightsError {
    let detail = "the server does not send parts of it (no range requests); download it, and give its path".to_owned();
    WeightsError::BadResponse { file: file.to_owned(), detail }
}

/// The thread's own time.
struct Waiting(Instant);

impl Default for Waiting {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Waiting {
    fn now(&self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1000.0
    }

    fn sleep(&self, ms: f64) -> LocalBoxFuture<'static, ()> {
        std::thread::sleep(Duration::from_secs_f64(ms / 1000.0));
        Box::pin(std::future::ready(()))
    }

    /// One command alone need not keep out of others' way.
    fn random(&self) -> f64 {
        0.0
    }
}

//! Files under a URL, for the native command: read in byte ranges as they are needed, and not stored.

use std::io::Read;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ureq::http::Response;
use ureq::{Agent, Body};

use super::address::FileAddress;
use super::error::SourceError;
use super::http::{Clock, ProbeOutcome, RequestFault, ResponseHead, Retries, RetryPolicy, probe};
use super::source::{Folder, LocalBoxFuture, OpenResult, Source};

/// How long a response is waited for.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A folder on a host that serves byte ranges.
///
/// ```
/// use secondpass::bytes::{Folder, UrlFolder};
///
/// let folder = UrlFolder::new("https://example.org/models/reranker/?token=x");
/// assert_eq!(folder.name(), "reranker");
/// ```
pub struct UrlFolder {
    base: String,
    name: String,
    host: Rc<HttpClient>,
}

impl UrlFolder {
    /// The folder at `base`, whose query string is sent with every file; no request is made before a file is opened.
    pub fn new(base: &str) -> Self {
        let path = base.split('?').next().unwrap_or(base).trim_end_matches('/');
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        Self { base: base.to_owned(), name, host: Rc::new(HttpClient::new()) }
    }
}

/// Fetches a small file whole; one of more than `limit` bytes is refused.
///
/// ```no_run
/// let json = pollster::block_on(secondpass::bytes::fetch("https://example.org/results.json", 1 << 20))?;
/// # Ok::<(), secondpass::bytes::SourceError>(())
/// ```
pub async fn fetch(url: &str, limit: u64) -> Result<Vec<u8>, SourceError> {
    let host = HttpClient::new();
    let mut retries = Retries::new(&host.policy, host.policy.first_tries);
    loop {
        match host.get_whole(url, limit) {
            Ok(bytes) => return Ok(bytes),
            Err(fault) => retries.wait(url, fault, &BlockingClock::default()).await?,
        }
    }
}

impl Folder for UrlFolder {
    fn name(&self) -> &str {
        &self.name
    }

    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, OpenResult> {
        Box::pin(async move {
            let url = FileAddress { folder: self.base.clone(), name: file.to_owned() }.url();
            let Some((len, etag)) = self.host.probe_length(&url, file).await? else { return Ok(None) };
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
    host: Rc<HttpClient>,
}

impl Source for UrlSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, SourceError>> {
        Box::pin(async move {
            if offset.checked_add(len as u64).is_none_or(|end| end > self.len) {
                return Err(SourceError::truncated(&self.name));
            }
            let mut bytes = Vec::with_capacity(len);
            let mut retries = Retries::new(&self.host.policy, self.host.policy.tries);
            // What arrived before a connection broke is kept.
            while bytes.len() < len {
                let before = bytes.len();
                let Err(fault) = self.read_more(offset, len, &mut bytes) else { continue };
                if bytes.len() > before {
                    retries.progress();
                }
                retries.wait(&self.name, fault, &BlockingClock::default()).await?;
            }
            Ok(bytes)
        })
    }
}

impl UrlSource {
    fn read_more(&self, offset: u64, len: usize, bytes: &mut Vec<u8>) -> Result<(), RequestFault> {
        let (from, to) = (offset + bytes.len() as u64, offset + len as u64 - 1);
        let response = self.host.get_range(&self.url, from, to)?;
        let head = response_head(&response);
        match probe(&self.name, &head, from, to)? {
            ProbeOutcome::Ranged(total) if total == self.len && head.etag == self.etag => {}
            ProbeOutcome::Ranged(_) | ProbeOutcome::Absent => {
                return Err(RequestFault::Fatal(SourceError::Changed { file: self.name.clone(), got: None }));
            }
            ProbeOutcome::Whole(_) | ProbeOutcome::LengthHidden => {
                return Err(RequestFault::Fatal(no_ranges(&self.name)));
            }
        }
        let mut body = response.into_body().into_reader().take(to - from + 1);
        body.read_to_end(bytes).map_err(|e| RequestFault::connection(e.to_string()))?;
        if bytes.len() < len { Err(RequestFault::connection("the connection ended early")) } else { Ok(()) }
    }
}

/// Sends requests.
struct HttpClient {
    agent: Agent,
    policy: RetryPolicy,
}

impl HttpClient {
    fn new() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(RESPONSE_TIMEOUT))
            .user_agent(concat!("secondpass/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.into(), policy: RetryPolicy::default() }
    }

    fn get_whole(&self, url: &str, limit: u64) -> Result<Vec<u8>, RequestFault> {
        let response = self.agent.get(url).call().map_err(|e| RequestFault::connection(e.to_string()))?;
        if let ProbeOutcome::Absent = probe(url, &response_head(&response), 0, u64::MAX)? {
            return Err(RequestFault::Fatal(SourceError::NotFound { file: url.to_owned() }));
        }
        let mut bytes = Vec::new();
        let mut body = response.into_body().into_reader().take(limit + 1);
        body.read_to_end(&mut bytes).map_err(|e| RequestFault::connection(e.to_string()))?;
        if bytes.len() as u64 > limit {
            let detail = format!("it has more than the {limit} bytes that are read");
            return Err(RequestFault::bad_response(url, detail));
        }
        Ok(bytes)
    }

    fn get_range(&self, url: &str, from: u64, to: u64) -> Result<Response<Body>, RequestFault> {
        // The offsets of a compressed body are not those of the file.
        let request =
            self.agent.get(url).header("range", format!("bytes={from}-{to}")).header("accept-encoding", "identity");
        request.call().map_err(|e| RequestFault::connection(e.to_string()))
    }

    /// How long a file is, and the entity tag of this version of it; `None` if there is none.
    async fn probe_length(&self, url: &str, file: &str) -> Result<Option<(u64, Option<String>)>, SourceError> {
        let mut retries = Retries::new(&self.policy, self.policy.first_tries);
        loop {
            let head = self.get_range(url, 0, 0).map(|response| response_head(&response));
            let fault = match head.and_then(|head| probe(file, &head, 0, 0).map(|outcome| (outcome, head.etag))) {
                Ok((ProbeOutcome::Ranged(len), etag)) => return Ok(Some((len, etag))),
                Ok((ProbeOutcome::Absent, _)) => return Ok(None),
                Ok((ProbeOutcome::Whole(_) | ProbeOutcome::LengthHidden, _)) => return Err(no_ranges(file)),
                Err(fault) => fault,
            };
            retries.wait(file, fault, &BlockingClock::default()).await?;
        }
    }
}

fn response_head(response: &Response<Body>) -> ResponseHead {
    let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    ResponseHead::from_headers(response.status().as_u16(), header)
}

fn no_ranges(file: &str) -> SourceError {
    let detail = "the server does not send parts of it (no range requests); download it, and give its path";
    SourceError::bad_response(file, detail)
}

/// Waits by blocking the thread.
struct BlockingClock(Instant);

impl Default for BlockingClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for BlockingClock {
    fn now(&self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1000.0
    }

    fn sleep(&self, ms: f64) -> LocalBoxFuture<'static, ()> {
        std::thread::sleep(Duration::from_secs_f64(ms / 1000.0));
        Box::pin(std::future::ready(()))
    }

    /// No jitter: one command alone has nobody to keep apart from.
    fn random(&self) -> f64 {
        0.0
    }
}

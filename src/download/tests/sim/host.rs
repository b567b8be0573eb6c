//! A host, and the connection to it.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;

use super::time::{Rng, Time};
use crate::bytes::LocalBoxFuture;
use crate::bytes::http::ResponseHead;
use crate::download::*;

/// The frequency of each fault, as one in so many requests; 0 is never.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    pub refuse: u64,
    pub busy: u64,
    pub stall: u64,
    pub cut: u64,
    pub flip: u64,
    pub wrong_range: u64,
    pub short: u64,
    pub long: u64,
    pub no_ranges: bool,
    pub no_length: bool,
    pub no_validator: bool,
    pub missing: bool,
    /// Everything is compressed, and range requests fail.
    pub gzip: bool,
    /// `Content-Range` is not exposed.
    pub unexposed: bool,
    /// The most bytes that are sent for one range request.
    pub cap: Option<u64>,
    /// Every other response has a weak entity tag.
    pub weak: bool,
    /// The file is replaced at this request.
    pub change_at: Option<u64>,
    /// The total that every `Content-Range` announces instead of the right one.
    pub announced_total: Option<u64>,
    /// Whole bodies that are sent too short, with the length of what is sent.
    pub short_bodies: u64,
}

pub struct Host {
    pub content: RefCell<Vec<u8>>,
    pub version: Cell<u32>,
    pub faults: RefCell<Faults>,
    pub requests: Cell<u64>,
    pub served: Cell<u64>,
    pub next_content: RefCell<Option<Vec<u8>>>,
    /// Responses that are being read, and the most that ever were.
    pub open: Cell<u32>,
    pub most_open: Cell<u32>,
    pub time: Rc<Time>,
    pub rng: Rc<Rng>,
}

impl Host {
    fn answer(&self, request: &RangeRequest) -> Result<SimResponse, TransportError> {
        let (faults, rng) = (self.faults.borrow().clone(), &self.rng);
        let number = self.requests.get();
        self.requests.set(number + 1);
        if faults.change_at == Some(number)
            && let Some(next) = self.next_content.take()
        {
            *self.content.borrow_mut() = next;
            self.version.set(self.version.get() + 1);
        }
        if rng.one_in(faults.refuse) {
            return Err(TransportError::Network("refused".into()));
        }
        if faults.gzip && !request.plain {
            return Err(if request.first {
                TransportError::RangeRejected
            } else {
                TransportError::Network("failed".into())
            });
        }
        let ranges = !faults.no_ranges && !request.plain;
        let content = self.content.borrow();
        let mut head = ResponseHead { status: 200, length: Some(content.len() as u64), ..ResponseHead::default() };
        if !faults.no_validator {
            let mark = if faults.weak && number % 2 == 1 { "W/" } else { "" };
            head.etag = Some(format!("{mark}\"{}\"", self.version.get()));
        }
        let mut body = content.clone();
        let same = request.if_range.is_none() || faults.weak || request.if_range == head.etag;
        match request.range {
            _ if faults.missing => (head.status, body) = (404, b"nothing".to_vec()),
            _ if rng.one_in(faults.busy) => {
                (head.status, body) = ([429, 503, 500][rng.below(3) as usize], b"busy".to_vec());
                head.retry_after = rng.one_in(2).then(|| rng.below(5) as f64);
            }
            (from, _) if ranges && same && from >= content.len() as u64 => {
                (head.status, body) = (416, Vec::new());
            }
            (from, to) if ranges && same => {
                let to = to.min(content.len() as u64 - 1).min(faults.cap.map_or(u64::MAX, |cap| from + cap - 1));
                let shift = if rng.one_in(faults.wrong_range) && from > 0 { 1 } else { 0 };
                head.status = 206;
                head.range = Some(format!(
                    "bytes {}-{}/{}",
                    from - shift,
                    to - shift,
                    faults.announced_total.unwrap_or(content.len() as u64)
                ));
                body = content[(from - shift) as usize..=(to - shift) as usize].to_vec();
            }
            _ if faults.no_length => head.length = None,
            _ => {}
        }
        if head.status == 200 && number < faults.short_bodies {
            body.truncate(body.len() / 2);
        }
        head.length = head.length.map(|_| body.len() as u64);
        if faults.unexposed {
            head.range = None;
        }
        if faults.gzip {
            (head.encoded, head.length) = (true, head.length.map(|len| len / 2));
        }
        if rng.one_in(faults.flip) && !body.is_empty() {
            let at = rng.below(body.len() as u64) as usize;
            body[at] ^= 1 << rng.below(8);
        }
        let mut end = End::Clean;
        let at = rng.below(body.len() as u64) as usize;
        if rng.one_in(faults.cut) && head.length.is_some() {
            (end, _) = (End::Cut, body.truncate(at));
        } else if rng.one_in(faults.short) && head.length.is_some() && !faults.gzip {
            body.truncate(at);
        } else if rng.one_in(faults.stall) {
            (end, _) = (End::Stall, body.truncate(at));
        } else if rng.one_in(faults.long) && head.status == 206 {
            body.extend([0; 10]);
        }
        Ok(SimResponse { head, body, end, at: 0 })
    }
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Clean,
    Cut,
    Stall,
}

struct SimResponse {
    head: ResponseHead,
    body: Vec<u8>,
    end: End,
    at: usize,
}

struct Connection {
    host: Rc<Host>,
    answer: SimResponse,
}

impl Connection {
    fn new(host: &Rc<Host>, answer: SimResponse) -> Self {
        host.open.set(host.open.get() + 1);
        host.most_open.set(host.most_open.get().max(host.open.get()));
        Self { host: host.clone(), answer }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.host.open.set(self.host.open.get() - 1);
    }
}

impl ResponseStream for Connection {
    fn head(&self) -> &ResponseHead {
        &self.answer.head
    }

    fn next_chunk(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, TransportError>> {
        Box::pin(async move {
            let (host, answer) = (&self.host, &mut self.answer);
            host.time.sleep(1.0 + host.rng.below(5) as f64).await;
            if answer.at == answer.body.len() {
                return match answer.end {
                    End::Clean => Ok(None),
                    End::Cut => Err(TransportError::Network("reset".into())),
                    End::Stall => pending().await,
                };
            }
            let len = (1 + host.rng.below(3000) as usize).min(answer.body.len() - answer.at);
            let bytes = answer.body[answer.at..][..len].to_vec();
            answer.at += len;
            host.served.set(host.served.get() + len as u64);
            Ok(Some(bytes))
        })
    }
}

pub struct SimTransport(pub Rc<Host>);

impl Transport for SimTransport {
    fn send<'a>(
        &'a self,
        request: &'a RangeRequest,
    ) -> LocalBoxFuture<'a, Result<Box<dyn ResponseStream>, TransportError>> {
        Box::pin(async move {
            self.0.time.sleep(2.0).await;
            let answer = self.0.answer(request)?;
            Ok(Box::new(Connection::new(&self.0, answer)) as Box<dyn ResponseStream>)
        })
    }
}

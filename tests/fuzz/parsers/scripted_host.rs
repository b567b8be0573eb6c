//! A host that answers what a script says, a store of one file in memory, and a clock that never waits.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::ready;
use std::rc::Rc;

use secondpass::bytes::LocalBoxFuture;
use secondpass::bytes::http::{Clock, ResponseHead};
use secondpass::download::{
    PieceLocation, RangeRequest, ResponseStream, Store, StoreEntry, StoreFuture, Transport, TransportError, WriteLock,
};

/// Bytes of a body that come at a time.
const CHUNK: usize = 700;
/// The largest room that the store keeps: journals claim any.
const MAX_STORED: usize = 1 << 22;

/// An answer: a head, and a body that may break off.
#[derive(Clone)]
pub struct Answer {
    head: ResponseHead,
    body: Vec<u8>,
    broken: bool,
}

impl Answer {
    /// From a line with the status, lines of headers, an empty line and a body. `x-broken: 1` ends it with an error.
    pub fn parse(text: &[u8]) -> Self {
        let end = text.windows(2).position(|pair| pair == b"\n\n").unwrap_or(text.len());
        let (head, body) = (String::from_utf8_lossy(&text[..end]), text.get(end + 2..).unwrap_or_default());
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.trim().parse().ok()).unwrap_or(200);
        let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
        let header = |name: &str| {
            let found = headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
            found.map(|(_, value)| (*value).to_owned())
        };
        let broken = header("x-broken").is_some();
        Self { head: ResponseHead::from_headers(status, header), body: body.to_vec(), broken }
    }
}

/// Gives the answers one after the other, and then no more.
pub struct ScriptedHost(pub RefCell<VecDeque<Answer>>);

impl Transport for ScriptedHost {
    fn send<'a>(
        &'a self,
        _request: &'a RangeRequest,
    ) -> LocalBoxFuture<'a, Result<Box<dyn ResponseStream>, TransportError>> {
        let answer = self.0.borrow_mut().pop_front();
        let answer = answer.map(|answer| Box::new(Body { answer, sent: 0 }) as Box<dyn ResponseStream>);
        Box::pin(ready(answer.ok_or_else(|| TransportError::Network("nobody answers".to_owned()))))
    }
}

struct Body {
    answer: Answer,
    sent: usize,
}

impl ResponseStream for Body {
    fn head(&self) -> &ResponseHead {
        &self.answer.head
    }

    fn next_chunk(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, TransportError>> {
        let rest = &self.answer.body[self.sent..];
        let chunk = rest[..rest.len().min(CHUNK)].to_vec();
        self.sent += chunk.len();
        let end = chunk.is_empty();
        Box::pin(ready(match end {
            true if self.answer.broken => Err(TransportError::Network("cut".to_owned())),
            true => Ok(None),
            false => Ok(Some(chunk)),
        }))
    }
}

/// The store's only file.
#[derive(Default)]
pub struct StoredBytes {
    pub journal: RefCell<Vec<u8>>,
    pub data: RefCell<Vec<u8>>,
}

/// A store with one file, whatever its key.
pub struct OneFile(pub Rc<StoredBytes>);

struct NoLock;

impl WriteLock for NoLock {}

impl Store for OneFile {
    fn entry(&self, _key: &str) -> Box<dyn StoreEntry> {
        Box::new(Self(self.0.clone()))
    }

    fn lock<'a>(&'a self, _key: &'a str) -> StoreFuture<'a, Box<dyn WriteLock>> {
        Box::pin(ready(Ok(Box::new(NoLock) as Box<dyn WriteLock>)))
    }

    fn keys(&self) -> StoreFuture<'_, Vec<String>> {
        Box::pin(ready(Ok(vec!["0".to_owned()])))
    }

    fn remove<'a>(&'a self, _key: &'a str) -> StoreFuture<'a, ()> {
        self.0.journal.borrow_mut().clear();
        self.0.data.borrow_mut().clear();
        Box::pin(ready(Ok(())))
    }

    fn reserves_room(&self) -> bool {
        true
    }

    fn free(&self) -> LocalBoxFuture<'_, Option<u64>> {
        Box::pin(ready(Some(MAX_STORED as u64)))
    }
}

impl StoreEntry for OneFile {
    fn journal(&self) -> StoreFuture<'_, Vec<u8>> {
        Box::pin(ready(Ok(self.0.journal.borrow().clone())))
    }

    fn reset<'a>(&'a self, journal: &'a [u8], _room: u64) -> StoreFuture<'a, ()> {
        *self.0.journal.borrow_mut() = journal.to_vec();
        self.0.data.borrow_mut().clear();
        Box::pin(ready(Ok(())))
    }

    fn append<'a>(&'a self, line: &'a [u8]) -> StoreFuture<'a, ()> {
        self.0.journal.borrow_mut().extend(line);
        Box::pin(ready(Ok(())))
    }

    fn put<'a>(&'a self, location: PieceLocation, bytes: &'a [u8]) -> StoreFuture<'a, ()> {
        let mut data = self.0.data.borrow_mut();
        let start = usize::try_from(location.offset).ok().filter(|start| start + bytes.len() <= MAX_STORED);
        let Some(start) = start else { return Box::pin(ready(Err(secondpass::download::StoreError::Full))) };
        let len = data.len().max(start + bytes.len());
        data.resize(len, 0);
        data[start..start + bytes.len()].copy_from_slice(bytes);
        Box::pin(ready(Ok(())))
    }

    fn get(&self, location: PieceLocation, from: usize, len: usize) -> StoreFuture<'_, Option<Vec<u8>>> {
        let start = location.offset as usize + from;
        let bytes = self.0.data.borrow().get(start..start + len).map(<[u8]>::to_vec);
        Box::pin(ready(Ok(bytes)))
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(ready(Ok(())))
    }
}

/// Time passes while somebody waits, and nobody does.
#[derive(Default)]
pub struct HastyClock(Cell<f64>);

impl Clock for HastyClock {
    fn now(&self) -> f64 {
        self.0.get()
    }

    fn sleep(&self, ms: f64) -> LocalBoxFuture<'static, ()> {
        assert!(ms.is_finite() && ms <= 60_000.0, "nobody waits for {ms} ms");
        self.0.set(self.0.get() + ms.max(0.0));
        Box::pin(ready(()))
    }

    fn random(&self) -> f64 {
        0.5
    }
}

//! A world in which time stands still until everybody waits, and everything that may go wrong is drawn from a seed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::super::tasks::Signal;
use super::super::*;
use crate::weights::LocalBoxFuture;

/// splitmix64.
pub struct Rng(Cell<u64>);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(Cell::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    pub fn next(&self) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15));
        let mut z = self.0.get();
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    pub fn below(&self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    /// One time in `n`; never if `n` is 0.
    pub fn one_in(&self, n: u64) -> bool {
        n > 0 && self.below(n) == 0
    }
}

#[derive(Default)]
pub struct Time {
    now: Cell<f64>,
    timers: RefCell<Vec<(f64, Waker)>>,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Time {
    pub fn sleep(self: &Rc<Self>, ms: f64) -> LocalBoxFuture<'static, ()> {
        let (time, until) = (self.clone(), self.now.get() + ms);
        Box::pin(poll_fn(move |context| {
            if time.now.get() >= until {
                return Poll::Ready(());
            }
            time.timers.borrow_mut().push((until, context.waker().clone()));
            Poll::Pending
        }))
    }

    /// Runs a future to its end, or until a moment comes; `None` then, and the future is dropped.
    pub fn run<T>(&self, until: f64, future: impl Future<Output = T>) -> Option<T> {
        let flag = Arc::new(Flag(AtomicBool::new(false)));
        let waker = Waker::from(flag.clone());
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Some(value);
            }
            if flag.0.swap(false, Ordering::SeqCst) {
                continue;
            }
            let next = self.timers.borrow().iter().map(|t| t.0).fold(f64::INFINITY, f64::min);
            assert!(next.is_finite(), "everybody waits and nothing will ever happen");
            if next >= until {
                self.now.set(until);
                self.timers.borrow_mut().clear();
                return None;
            }
            self.now.set(self.now.get().max(next));
            self.timers.borrow_mut().retain(|(at, waker)| {
                let due = *at <= next;
                if due {
                    waker.wake_by_ref();
                }
                !due
            });
        }
    }
}

pub struct SimClock(pub Rc<Time>, pub Rc<Rng>);

impl Clock for SimClock {
    fn now(&self) -> f64 {
        self.0.now.get()
    }

    fn sleep(&self, ms: f64) -> LocalBoxFuture<'static, ()> {
        self.0.sleep(ms.max(0.01))
    }

    fn random(&self) -> f64 {
        self.1.below(1000) as f64 / 1000.0
    }
}

/// How often, as one time in so many requests; 0 is never.
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
    /// All is compressed, and nothing comes of a range.
    pub gzip: bool,
    /// Nobody may read `Content-Range`.
    pub unexposed: bool,
    /// The most bytes of a range that are sent at once.
    pub cap: Option<u64>,
    /// Every other answer has its validator marked as weak.
    pub weak: bool,
    /// The file becomes another one at this request.
    pub change_at: Option<u64>,
}

pub struct Host {
    pub content: RefCell<Vec<u8>>,
    pub version: Cell<u32>,
    pub faults: RefCell<Faults>,
    pub requests: Cell<u64>,
    pub served: Cell<u64>,
    pub next_content: RefCell<Option<Vec<u8>>>,
    /// Answers that are being read, and the most that ever were.
    pub open: Cell<u32>,
    pub most_open: Cell<u32>,
    pub time: Rc<Time>,
    pub rng: Rc<Rng>,
}

impl Host {
    fn answer(&self, ask: &Ask) -> Result<SimAnswer, Lost> {
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
            return Err(Lost::Network("refused".into()));
        }
        if faults.gzip && !ask.plain {
            return Err(if ask.opens { Lost::Unranged } else { Lost::Network("failed".into()) });
        }
        let ranges = !faults.no_ranges && !ask.plain;
        let content = self.content.borrow();
        let mut head = Head { status: 200, length: Some(content.len() as u64), ..Head::default() };
        if !faults.no_validator {
            let mark = if faults.weak && number % 2 == 1 { "W/" } else { "" };
            head.etag = Some(format!("{mark}\"{}\"", self.version.get()));
        }
        let mut body = content.clone();
        let same = ask.if_range.is_none() || faults.weak || ask.if_range == head.etag;
        match ask.range {
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
                head.range = Some(format!("bytes {}-{}/{}", from - shift, to - shift, content.len()));
                body = content[(from - shift) as usize..=(to - shift) as usize].to_vec();
            }
            _ if faults.no_length => head.length = None,
            _ => {}
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
        Ok(SimAnswer { head, body, end, at: 0 })
    }
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Clean,
    Cut,
    Stall,
}

struct SimAnswer {
    head: Head,
    body: Vec<u8>,
    end: End,
    at: usize,
}

struct Line {
    host: Rc<Host>,
    answer: SimAnswer,
}

impl Line {
    fn new(host: &Rc<Host>, answer: SimAnswer) -> Self {
        host.open.set(host.open.get() + 1);
        host.most_open.set(host.most_open.get().max(host.open.get()));
        Self { host: host.clone(), answer }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.host.open.set(self.host.open.get() - 1);
    }
}

impl Answer for Line {
    fn head(&self) -> &Head {
        &self.answer.head
    }

    fn next(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, Lost>> {
        Box::pin(async move {
            let (host, answer) = (&self.host, &mut self.answer);
            host.time.sleep(1.0 + host.rng.below(5) as f64).await;
            if answer.at == answer.body.len() {
                return match answer.end {
                    End::Clean => Ok(None),
                    End::Cut => Err(Lost::Network("reset".into())),
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
    fn send<'a>(&'a self, ask: &'a Ask) -> LocalBoxFuture<'a, Result<Box<dyn Answer>, Lost>> {
        Box::pin(async move {
            self.0.time.sleep(2.0).await;
            let answer = self.0.answer(ask)?;
            Ok(Box::new(Line::new(&self.0, answer)) as Box<dyn Answer>)
        })
    }
}

/// The bytes and the journal of a stored file.
type File = (Vec<u8>, Vec<u8>);

#[derive(Default)]
pub struct Disk {
    pub files: RefCell<BTreeMap<String, File>>,
    locks: RefCell<Vec<String>>,
    unlocked: Signal,
    /// Bytes that there is room for, if there is an end to it.
    pub room: Cell<Option<u64>>,
}

impl Disk {
    /// What happens when a page is closed: its locks are free.
    pub fn unlock_all(&self) {
        self.locks.borrow_mut().clear();
    }
}

pub struct SimStore(pub Rc<Disk>, pub Rc<Time>);

struct SimEntry(Rc<Disk>, Rc<Time>, String);

impl SimEntry {
    fn with<T>(&self, change: impl FnOnce(&mut File) -> T) -> T {
        change(self.0.files.borrow_mut().entry(self.2.clone()).or_default())
    }
}

fn write_at(data: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    data.resize(data.len().max(at + bytes.len()), 0);
    data[at..at + bytes.len()].copy_from_slice(bytes);
}

impl Entry for SimEntry {
    fn journal(&self) -> Stored<'_, Vec<u8>> {
        let journal = self.0.files.borrow().get(&self.2).map(|f| f.1.clone()).unwrap_or_default();
        Box::pin(async { Ok(journal) })
    }

    fn reset<'a>(&'a self, journal: &'a [u8], room: u64) -> Stored<'a, ()> {
        Box::pin(async move {
            // In this order, and each may be the last that happens.
            self.with(|f| f.1.clear());
            self.1.sleep(0.5).await;
            self.with(|f| f.0.clear());
            self.1.sleep(0.5).await;
            if self.0.room.get().is_some_and(|there| room > there) {
                return Err(StoreError::Full);
            }
            self.with(|f| f.0.resize(room as usize, 0));
            self.with(|f| f.1 = journal.to_vec());
            Ok(())
        })
    }

    fn append<'a>(&'a self, line: &'a [u8]) -> Stored<'a, ()> {
        Box::pin(async move {
            let half = line.len() / 2;
            self.with(|f| f.1.extend(&line[..half]));
            // Only one writes the journal at a time: the real ones do so within one call.
            self.with(|f| f.1.extend(&line[half..]));
            Ok(())
        })
    }

    fn put<'a>(&'a self, place: Place, bytes: &'a [u8]) -> Stored<'a, ()> {
        Box::pin(async move {
            let end = place.offset + bytes.len() as u64;
            if self.0.room.get().is_some_and(|room| end > room) {
                return Err(StoreError::Full);
            }
            let half = bytes.len() / 2;
            self.with(|f| write_at(&mut f.0, place.offset as usize, &bytes[..half]));
            self.1.sleep(0.5).await;
            self.with(|f| write_at(&mut f.0, place.offset as usize + half, &bytes[half..]));
            Ok(())
        })
    }

    fn get(&self, place: Place, from: usize, len: usize) -> Stored<'_, Option<Vec<u8>>> {
        let at = place.offset as usize + from;
        let bytes = self.with(|f| f.0.get(at..at + len).map(<[u8]>::to_vec));
        Box::pin(async { Ok(bytes) })
    }

    fn close(&self) -> Stored<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

struct SimLock(Rc<Disk>, String);

impl Lock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.0.locks.borrow_mut().retain(|key| *key != self.1);
        self.0.unlocked.notify();
    }
}

impl Store for SimStore {
    fn entry(&self, key: &str) -> Box<dyn Entry> {
        Box::new(SimEntry(self.0.clone(), self.1.clone(), key.to_owned()))
    }

    fn lock<'a>(&'a self, key: &'a str) -> Stored<'a, Box<dyn Lock>> {
        Box::pin(async move {
            let free = || (!self.0.locks.borrow().iter().any(|k| k == key)).then_some(());
            self.0.unlocked.until(free).await;
            self.0.locks.borrow_mut().push(key.to_owned());
            Ok(Box::new(SimLock(self.0.clone(), key.to_owned())) as Box<dyn Lock>)
        })
    }

    fn keys(&self) -> Stored<'_, Vec<String>> {
        let keys = self.0.files.borrow().keys().cloned().collect();
        Box::pin(async { Ok(keys) })
    }

    fn remove<'a>(&'a self, key: &'a str) -> Stored<'a, ()> {
        self.0.files.borrow_mut().remove(key);
        Box::pin(async { Ok(()) })
    }

    fn keeps_room(&self) -> bool {
        true
    }

    fn free(&self) -> LocalBoxFuture<'_, Option<u64>> {
        let room = self.0.room.get();
        Box::pin(async move { room })
    }
}

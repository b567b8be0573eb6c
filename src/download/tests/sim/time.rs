//! Random numbers from a seed, and a clock that advances when every task waits.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::bytes::LocalBoxFuture;
use crate::bytes::http::Clock;

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

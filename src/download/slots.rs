//! How many requests go on at a time, for all files of a load together.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use super::tasks::Signal;

/// First come, first served: else the file whose request has just ended would always have the next one as well.
pub struct Slots {
    free: Cell<usize>,
    queue: RefCell<VecDeque<u64>>,
    next: Cell<u64>,
    changed: Signal,
}

/// The right to one request, until it is dropped.
pub struct Slot<'a>(&'a Slots);

/// A place in the queue, given up when it is dropped.
struct Turn<'a>(&'a Slots, u64);

impl Slots {
    /// So many at a time.
    pub fn new(most: usize) -> Self {
        let (free, queue) = (Cell::new(most.max(1)), RefCell::default());
        Self { free, queue, next: Cell::new(0), changed: Signal::default() }
    }

    /// Waits for one.
    pub async fn take(&self) -> Slot<'_> {
        let turn = Turn(self, self.next.get());
        self.next.set(turn.1 + 1);
        self.queue.borrow_mut().push_back(turn.1);
        let ready = || (self.free.get() > 0 && self.queue.borrow().front() == Some(&turn.1)).then_some(());
        self.changed.until(ready).await;
        self.free.set(self.free.get() - 1);
        Slot(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.queue.borrow_mut().retain(|&ticket| ticket != self.1);
        self.0.changed.notify();
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.free.set(self.0.free.get() + 1);
        self.0.changed.notify();
    }
}

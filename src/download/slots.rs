//! Limits the concurrent requests of all files of a load.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use super::condvar::LocalCondvar;

/// A fair semaphore: without a queue, the file whose request has just ended would always get the next slot too.
pub struct RequestSlots {
    free: Cell<usize>,
    queue: RefCell<VecDeque<u64>>,
    next: Cell<u64>,
    changed: LocalCondvar,
}

/// The right to one request, until it is dropped.
pub struct RequestSlot<'a>(&'a RequestSlots);

/// A position in the queue, given up when it is dropped.
struct QueueTicket<'a>(&'a RequestSlots, u64);

impl RequestSlots {
    /// At most so many requests at a time.
    pub fn new(most: usize) -> Self {
        let (free, queue) = (Cell::new(most.max(1)), RefCell::default());
        Self { free, queue, next: Cell::new(0), changed: LocalCondvar::default() }
    }

    /// Waits for a slot.
    pub async fn take(&self) -> RequestSlot<'_> {
        let ticket = QueueTicket(self, self.next.get());
        self.next.set(ticket.1 + 1);
        self.queue.borrow_mut().push_back(ticket.1);
        let ready = || (self.free.get() > 0 && self.queue.borrow().front() == Some(&ticket.1)).then_some(());
        self.changed.wait_until(ready).await;
        self.free.set(self.free.get() - 1);
        RequestSlot(self)
    }
}

impl Drop for QueueTicket<'_> {
    fn drop(&mut self) {
        self.0.queue.borrow_mut().retain(|&ticket| ticket != self.1);
        self.0.changed.notify_all();
    }
}

impl Drop for RequestSlot<'_> {
    fn drop(&mut self) {
        self.0.free.set(self.0.free.get() + 1);
        self.0.changed.notify_all();
    }
}

//! Several things at once on one thread, without an executor of our own.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Poll, Waker};

use crate::bytes::LocalBoxFuture;

/// Whichever ends first.
pub enum First<A, B> {
    /// The one that was named first.
    Left(A),
    /// The other.
    Right(B),
}

/// Runs two futures until one ends, and drops the other. Where both could end, the first one has.
pub async fn race<A, B>(left: impl Future<Output = A>, right: impl Future<Output = B>) -> First<A, B> {
    let (mut left, mut right) = (pin!(left), pin!(right));
    poll_fn(|context| {
        if let Poll::Ready(value) = left.as_mut().poll(context) {
            return Poll::Ready(First::Left(value));
        }
        right.as_mut().poll(context).map(First::Right)
    })
    .await
}

/// Runs all until all have ended, or until the first of them fails.
pub async fn all<E>(tasks: Vec<LocalBoxFuture<'_, Result<(), E>>>) -> Result<(), E> {
    let mut tasks: Vec<Option<_>> = tasks.into_iter().map(Some).collect();
    poll_fn(|context| {
        for task in &mut tasks {
            let Some(running) = task else { continue };
            match running.as_mut().poll(context) {
                Poll::Ready(Ok(())) => *task = None,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {}
            }
        }
        if tasks.iter().all(Option::is_none) { Poll::Ready(Ok(())) } else { Poll::Pending }
    })
    .await
}

/// Tells everybody who waits that something has changed.
#[derive(Default)]
pub struct Signal {
    waiting: RefCell<Vec<Waker>>,
}

impl Signal {
    /// Something has changed.
    pub fn notify(&self) {
        for waker in self.waiting.take() {
            waker.wake();
        }
    }

    /// Waits until `ready` gives something; it is asked again after each change.
    pub async fn until<T>(&self, mut ready: impl FnMut() -> Option<T>) -> T {
        poll_fn(|context| match ready() {
            Some(value) => Poll::Ready(value),
            None => {
                let mut waiting = self.waiting.borrow_mut();
                if !waiting.iter().any(|w| w.will_wake(context.waker())) {
                    waiting.push(context.waker().clone());
                }
                Poll::Pending
            }
        })
        .await
    }
}

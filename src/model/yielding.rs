//! Cooperative yielding within a long computation. A page has a single thread for it, and a cancelled request should stop
//! before it is complete.

use super::error::ModelError;
use crate::bytes::LocalBoxFuture;

/// Called between the steps of a computation.
pub trait YieldPoint {
    /// Lets other tasks run if they have waited for long; [`ModelError::Aborted`] if the work was cancelled.
    fn yield_now(&self) -> LocalBoxFuture<'_, Result<(), ModelError>>;

    /// Milliseconds since an arbitrary start; always the same where there is no clock.
    fn now(&self) -> f64;
}

/// Neither yields nor cancels.
pub struct NeverYield;

impl YieldPoint for NeverYield {
    fn yield_now(&self) -> LocalBoxFuture<'_, Result<(), ModelError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn now(&self) -> f64 {
        0.0
    }
}

//! Turns for others in the middle of a long computation: a page has one thread for it, and whoever takes a request back
//! should not have to wait until it is done.

use super::ModelError;
use crate::bytes::LocalBoxFuture;

/// What a computation asks between its steps.
pub trait Turns {
    /// Lets others run if they have waited for long; [`ModelError::Aborted`] if the work is no longer wanted.
    fn next(&self) -> LocalBoxFuture<'_, Result<(), ModelError>>;
}

/// Nobody waits.
pub struct NoTurns;

impl Turns for NoTurns {
    fn next(&self) -> LocalBoxFuture<'_, Result<(), ModelError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

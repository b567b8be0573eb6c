//! Waiting for one of two futures.

use std::future::Future;
use std::pin::pin;

use futures_util::future::{Either, select};

/// Runs two futures until one ends, and drops the other. If both are ready, the left one wins.
pub async fn select_first<A, B>(left: impl Future<Output = A>, right: impl Future<Output = B>) -> Either<A, B> {
    match select(pin!(left), pin!(right)).await {
        Either::Left((value, _)) => Either::Left(value),
        Either::Right((value, _)) => Either::Right(value),
    }
}

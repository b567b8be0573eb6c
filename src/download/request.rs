//! Sends requests with a timeout, and again when they fail.

use futures_util::future::Either;

use super::context::DownloadContext;
use super::select::select_first;
use super::transport::{RangeRequest, ResponseStream, TransportError};
use crate::bytes::SourceError;
use crate::bytes::http::{RequestFault, ResponseHead, Retries};

/// Sends a request, and waits for the head of the response.
pub(super) async fn send(
    context: &DownloadContext,
    file: &str,
    request: &RangeRequest,
) -> Result<Box<dyn ResponseStream>, RequestFault> {
    with_timeout(context, file, context.transport.send(request)).await
}

/// Sends the first request for a file, without a range where the host rejects those.
pub(super) async fn send_or_plain(
    context: &DownloadContext,
    file: &str,
    request: &RangeRequest,
) -> Result<Box<dyn ResponseStream>, RequestFault> {
    let request = RangeRequest { first: true, ..request.clone() };
    match select_first(context.transport.send(&request), context.clock.sleep(context.settings.stall_ms)).await {
        Either::Left(Err(TransportError::RangeRejected)) => {
            send(context, file, &RangeRequest { plain: true, if_range: None, ..request.clone() }).await
        }
        Either::Left(response) => response.map_err(|error| error.into_fault(file)),
        Either::Right(()) => Err(stalled(context)),
    }
}

/// The next bytes of a response.
pub(super) async fn next_chunk(
    context: &DownloadContext,
    file: &str,
    response: &mut dyn ResponseStream,
) -> Result<Option<Vec<u8>>, RequestFault> {
    let chunk = async {
        response.next_chunk().await.map_err(|error| match error {
            TransportError::Network(detail) => TransportError::Network(format!("the connection was cut: {detail}")),
            other => other,
        })
    };
    with_timeout(context, file, chunk).await
}

/// Sends a first request until `interpret` understands the head of a response.
pub(super) async fn send_until<T>(
    context: &DownloadContext,
    file: &str,
    request: &RangeRequest,
    mut interpret: impl FnMut(&ResponseHead) -> Result<T, RequestFault>,
) -> Result<(Box<dyn ResponseStream>, T), SourceError> {
    let policy = &context.settings.retry;
    let mut retries = Retries::new(policy, policy.first_tries);
    loop {
        let fault = match send_or_plain(context, file, request).await {
            Ok(response) => match interpret(response.head()) {
                Ok(meaning) => return Ok((response, meaning)),
                Err(fault) => fault,
            },
            Err(fault) => fault,
        };
        retries.wait(file, fault, &*context.clock).await?;
    }
}

async fn with_timeout<T>(
    context: &DownloadContext,
    file: &str,
    future: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, RequestFault> {
    match select_first(future, context.clock.sleep(context.settings.stall_ms)).await {
        Either::Left(result) => result.map_err(|error| error.into_fault(file)),
        Either::Right(()) => Err(stalled(context)),
    }
}

fn stalled(context: &DownloadContext) -> RequestFault {
    RequestFault::connection(format!("nothing came for {} seconds", context.settings.stall_ms / 1000.0))
}

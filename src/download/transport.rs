//! How requests are sent. The implementations know a browser, or a simulation.

use crate::bytes::http::{RequestFault, ResponseHead};
use crate::bytes::{LocalBoxFuture, SourceError};

/// A request for a file or for a part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RangeRequest {
    /// Where the file is.
    pub url: String,
    /// The first and the last byte wanted; up to the end if the last is `u64::MAX`.
    pub range: (u64, u64),
    /// The validator of what is already stored, for hosts to which `If-Range` may be sent.
    pub if_range: Option<String>,
    /// Send no `Range` header: ask for the whole file.
    pub plain: bool,
    /// The first request for a file: if it fails, a few more are worth finding out why.
    pub first: bool,
}

/// Why no response came, or no more of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransportError {
    /// The connection was not made, or broke.
    Network(String),
    /// The host answers, but does not allow this page to read the response.
    Cors,
    /// The host answers requests, but not range requests: a browser rejects a compressed range, and some hosts compress
    /// whatever they send.
    RangeRejected,
    /// The caller cancelled it.
    Aborted,
}

impl TransportError {
    pub(super) fn into_fault(self, file: &str) -> RequestFault {
        match self {
            Self::Network(detail) => RequestFault::connection(detail),
            Self::Cors => RequestFault::Fatal(SourceError::Cors { file: file.to_owned() }),
            Self::RangeRejected => RequestFault::connection("a request for a part of it failed"),
            Self::Aborted => RequestFault::Fatal(SourceError::Aborted),
        }
    }
}

/// A response whose body is read chunk by chunk. Dropping it ends the transfer.
pub trait ResponseStream {
    /// Status and headers.
    fn head(&self) -> &ResponseHead;
    /// The next bytes of the body; `None` after the last.
    fn next_chunk(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, TransportError>>;
}

/// Sends requests.
pub trait Transport {
    /// Sends one. Dropping the future cancels it.
    fn send<'a>(
        &'a self,
        request: &'a RangeRequest,
    ) -> LocalBoxFuture<'a, Result<Box<dyn ResponseStream>, TransportError>>;
}

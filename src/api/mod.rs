//! The contract of `/v1/rerank`: the request, the response, their limits and errors.

mod content;
mod error;
mod limits;
mod request;
mod response;

#[cfg(test)]
mod tests;

pub use content::{Content, ImageRef, VideoRef};
pub use error::RequestError;
pub use limits::{MAX_BODY_BYTES, MAX_DOCUMENTS, MAX_FRAMES, MAX_PICTURES, MAX_TEXT_BYTES};
pub use request::RerankRequest;
pub use response::{DocumentScore, FailedDocument, Meta, RerankResponse, ScoredDocument, Timings, Usage, assemble};

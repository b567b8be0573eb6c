//! The contract that everybody shares: the body of `/v1/rerank`, its answer, their limits and errors.

mod content;
mod error;
mod request;
mod response;

#[cfg(test)]
mod tests;

pub use content::{Content, ImageRef, MAX_FRAMES, MAX_PICTURES, VideoRef};
pub use error::RequestError;
pub use request::{MAX_BODY_BYTES, MAX_DOCUMENTS, MAX_TEXT_BYTES, RerankRequest};
pub use response::{FailedDocument, Meta, RerankResponse, ScoredDocument, Timings, Usage, assemble};

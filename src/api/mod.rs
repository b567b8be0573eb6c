//! The contracts of `/v1/rerank` and `/v1/embeddings`: requests, responses, their limits and errors.

mod content;
mod embed_request;
mod embed_response;
mod encoding;
mod error;
mod fields;
mod limits;
mod request;
mod response;

#[cfg(test)]
mod tests;

pub use content::{Content, ImageRef, VideoRef};
pub use embed_request::{EmbedRequest, InputType};
pub use embed_response::{EmbedMeta, EmbedResponse, EmbeddedInput};
pub use encoding::{EmbeddingFormat, EmbeddingValue};
pub use error::RequestError;
pub use limits::{MAX_BODY_BYTES, MAX_DOCUMENTS, MAX_FRAMES, MAX_INPUTS, MAX_PICTURES, MAX_TEXT_BYTES};
pub use request::RerankRequest;
pub use response::{DocumentScore, FailedDocument, Meta, RerankResponse, ScoredDocument, Timings, Usage, assemble};

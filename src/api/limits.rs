//! Limits on what one request may hold.

/// The most documents of a request, as in hosted services. Choosing among more is the task of a first-stage search.
pub const MAX_DOCUMENTS: usize = 1000;
/// The most inputs of a request for embeddings, as in hosted services.
pub const MAX_INPUTS: usize = 2048;
/// The longest request body.
pub const MAX_BODY_BYTES: usize = 64 << 20;
/// The longest text of a query, a document or an instruction: far more than the 8,192 tokens that are read of it.
pub const MAX_TEXT_BYTES: usize = 4 << 20;
/// The most images and videos of one query or document. An image is up to 1,280 tokens of a prompt of 10,240.
pub const MAX_PICTURES: usize = 64;
/// The most frames that a video may list. Of these, at most `max_frames` are decoded.
pub const MAX_FRAMES: usize = 4096;

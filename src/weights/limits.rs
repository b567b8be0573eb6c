//! Limits that both file formats share.

/// The largest header that is read, which is the limit of the safetensors library.
pub const MAX_HEADER_BYTES: u64 = 100_000_000;

//! A transfer between its first response and its body.

use std::ops::Range;

use super::transport::ResponseStream;

/// How the host serves a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TransferMode {
    /// In byte ranges.
    Ranged,
    /// From its start, every time.
    Whole,
    /// Not known yet: a single piece is fetched, in the way that the first response shows.
    Undecided,
}

/// A transfer whose body was not read yet.
pub struct Transfer {
    /// The response to continue with; without one, a request is sent when it is the file's turn.
    pub(super) response: Option<Box<dyn ResponseStream>>,
    /// The pieces that it brings.
    pub(super) run: Range<u32>,
    pub(super) mode: TransferMode,
    /// Nothing that was stored before can be kept.
    pub(super) fresh: bool,
}

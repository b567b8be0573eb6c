//! How a forward pass is computed.

use super::yielding::{NeverYield, YieldPoint};

/// How a forward pass is computed. None of it changes the result.
#[derive(Clone, Copy)]
pub struct ForwardOptions<'a> {
    /// Rows of one submission to the device at most; a longer prompt is computed in several.
    pub max_rows: usize,
    /// Whether the last layer computes only the rows that are scored.
    pub last_layer_only: bool,
    /// Called between layers.
    pub yield_point: &'a dyn YieldPoint,
}

impl Default for ForwardOptions<'_> {
    fn default() -> Self {
        Self { max_rows: usize::MAX, last_layer_only: true, yield_point: &NeverYield }
    }
}

//! The prefix of the last request, which the next one often shares.

use std::rc::Rc;

use super::content_hash::ContentHash;
use crate::model::KvCache;

/// A computed prefix, and what it was computed from.
pub struct PrefixEntry {
    pub ids: Vec<u32>,
    pub visuals: Vec<ContentHash>,
    pub cache: Rc<KvCache>,
}

impl PrefixEntry {
    pub fn matches(&self, ids: &[u32], visuals: &[ContentHash]) -> bool {
        self.ids == ids && self.visuals == visuals
    }
}

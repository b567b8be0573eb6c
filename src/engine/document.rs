//! Documents that are ready to be computed.

use super::content_hash::ContentHash;
use super::visual_encoder::EncodedVisuals;

/// A document whose prompt is complete.
pub struct PreparedDocument {
    /// Its index in the request.
    pub index: usize,
    /// The tokens of its prompt.
    pub ids: Vec<u32>,
    /// The first token of the document's segment in a pair.
    pub second_segment: usize,
    pub visuals: EncodedVisuals,
    /// Tokens that its prompt has in common with the shared prefix.
    pub shared: usize,
    /// Equal prompts have equal hashes, and are computed once.
    pub hash: ContentHash,
}

impl PreparedDocument {
    /// Rows that have to be computed for it.
    pub fn rows(&self) -> usize {
        self.ids.len() - self.shared
    }
}

/// Documents that are computed together. All of them share the same number of tokens with the prefix.
#[derive(Default)]
pub struct DocumentBatch {
    pub documents: Vec<PreparedDocument>,
    rows: usize,
}

impl DocumentBatch {
    /// Whether a document can be added without exceeding `max_rows`.
    pub fn fits(&self, document: &PreparedDocument, max_rows: usize) -> bool {
        self.documents.is_empty() || (self.rows + document.rows() <= max_rows && self.shared() == document.shared)
    }

    pub fn push(&mut self, document: PreparedDocument) {
        self.rows += document.rows();
        self.documents.push(document);
    }

    /// Tokens of the prefix that its documents share.
    pub fn shared(&self) -> usize {
        self.documents.first().map_or(0, |document| document.shared)
    }
}

//! Documents that are ready to be computed.

use super::content_hash::ContentHash;
use super::visual_encoder::EncodedVisuals;
use crate::model::{TokenizedPrompt, VisionFeatures};

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
    /// Its prompt, with the features of its images and, in a pair, of the query's.
    pub fn prompt<'a>(&'a self, visuals: &'a [&'a VisionFeatures]) -> TokenizedPrompt<'a> {
        TokenizedPrompt { ids: &self.ids, second_segment: self.second_segment, visuals }
    }

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

/// Batches that go through the layers together. Where all layers are kept on the device, that is a single one.
#[derive(Default)]
pub struct DocumentSweep {
    pub batches: Vec<DocumentBatch>,
}

impl DocumentSweep {
    /// Whether a document can be added without exceeding `batch_rows` in its batch, or `sweep_rows` in all.
    pub fn fits(&self, document: &PreparedDocument, batch_rows: usize, sweep_rows: usize) -> bool {
        let Some(last) = self.batches.last() else { return true };
        let rows: usize = self.batches.iter().map(|batch| batch.rows).sum();
        last.fits(document, batch_rows) || rows + document.rows() <= sweep_rows
    }

    /// Adds it to the last batch, or to a new one.
    pub fn push(&mut self, document: PreparedDocument, batch_rows: usize) {
        match self.batches.last_mut() {
            Some(last) if last.fits(&document, batch_rows) => last.push(document),
            _ => {
                let mut batch = DocumentBatch::default();
                batch.push(document);
                self.batches.push(batch);
            }
        }
    }

    /// All documents, in order.
    pub fn documents(&self) -> impl Iterator<Item = &PreparedDocument> {
        self.batches.iter().flat_map(|batch| &batch.documents)
    }
}

//! What a request adds up to: scores, tokens, times, warnings, failures.

use super::error::Error;
use crate::api::{DocumentScore, FailedDocument, Meta, RerankRequest, RerankResponse, Timings, Usage, assemble};
use crate::model::DeviceKind;

/// Accumulates the response of a request.
pub struct RequestTally {
    pub scores: Vec<Option<DocumentScore>>,
    pub failed: Vec<(usize, Error)>,
    pub tokens: usize,
    pub computed_tokens: usize,
    pub timings: Timings,
    pub warnings: Vec<String>,
    /// FNV-1a over all token ids.
    id_hash: u64,
}

impl RequestTally {
    /// Of a request with that many documents. `warnings` are those of the model itself.
    pub fn new(documents: usize, warnings: Vec<String>) -> Self {
        Self {
            scores: vec![None; documents],
            failed: Vec::new(),
            tokens: 0,
            computed_tokens: 0,
            timings: Timings::default(),
            warnings,
            id_hash: 0xcbf2_9ce4_8422_2325,
        }
    }

    /// Counts the tokens of a prompt.
    pub fn add_prompt(&mut self, ids: &[u32]) {
        let step = |hash: u64, id: &u32| (hash ^ u64::from(*id)).wrapping_mul(0x0000_0100_0000_01b3);
        self.id_hash = ids.iter().fold(self.id_hash, step);
        self.tokens += ids.len();
    }

    /// The response. If no document could be scored, the request fails with the error of the first.
    pub fn into_response(
        mut self,
        request: &RerankRequest,
        model: String,
        device: DeviceKind,
        start: f64,
        end: f64,
    ) -> Result<RerankResponse, Error> {
        if self.failed.len() == self.scores.len() {
            return Err(self.failed.swap_remove(0).1);
        }
        let failed =
            |(index, error): (usize, Error)| FailedDocument { index, code: error.code(), message: error.to_string() };
        let meta = Meta {
            device: device.name().to_owned(),
            cached_tokens: self.tokens.saturating_sub(self.computed_tokens),
            timings: Timings { total_ms: end - start, ..self.timings },
            warnings: self.warnings,
            failed: self.failed.into_iter().map(failed).collect(),
        };
        let usage = Usage { prompt_tokens: self.tokens, total_tokens: self.tokens };
        // With the time: unlikely to repeat within a page, and not secret.
        let id = format!("rerank-{:016x}", self.id_hash ^ end.to_bits());
        Ok(assemble(request, id, model, &self.scores, usage, meta)?)
    }
}

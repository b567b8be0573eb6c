//! One request: encode, score, assemble.

use super::{Engine, Error, Observer};
use crate::api::{Meta, RerankRequest, RerankResponse, Timings, Usage, assemble};
use crate::prompt::{Encoded, Limits};

impl Engine {
    /// Scores every document of a request. Documents are computed in the order in which they were given: the first
    /// of a search result list are the likeliest to matter, and their scores arrive first.
    pub async fn rerank(&self, request: &RerankRequest, observer: &Observer<'_>) -> Result<RerankResponse, Error> {
        request.require_text_only()?;
        let start = (observer.now)();
        let prompts = self.encode(request, observer).await?;
        let tokenized = (observer.now)();
        let mut scores = Vec::with_capacity(prompts.len());
        for (index, prompt) in prompts.iter().enumerate() {
            observer.checkpoint().await?;
            let score = self.model.score(&prompt.ids).await?;
            (observer.on_result)(index, score);
            scores.push(score);
        }
        let end = (observer.now)();
        let tokens = prompts.iter().map(|p| p.ids.len()).sum();
        let meta = Meta {
            device: self.info.device.to_owned(),
            cached_tokens: 0,
            timings: Timings { tokenize_ms: tokenized - start, compute_ms: end - tokenized, total_ms: end - start },
            warnings: warnings(&prompts),
        };
        let usage = Usage { prompt_tokens: tokens, total_tokens: tokens };
        Ok(assemble(request, request_id(&prompts, end), self.info.model.clone(), &scores, usage, meta)?)
    }

    async fn encode(&self, request: &RerankRequest, observer: &Observer<'_>) -> Result<Vec<Encoded>, Error> {
        let limits = Limits { max_tokens_per_doc: request.max_tokens_per_doc, ..Limits::default() };
        let mut prompts = Vec::with_capacity(request.documents.len());
        for document in &request.documents {
            observer.checkpoint().await?;
            prompts.push(self.prompter.encode(request.instruction.as_deref(), &request.query, document, limits)?);
        }
        Ok(prompts)
    }
}

/// Says which documents lost text, and how much: a score of half a document is not the document's score.
fn warnings(prompts: &[Encoded]) -> Vec<String> {
    prompts
        .iter()
        .enumerate()
        .filter(|(_, prompt)| prompt.dropped_tokens > 0)
        .map(|(i, p)| format!("documents[{i}] was too long: its last {} tokens were not read", p.dropped_tokens))
        .collect()
}

/// An id in the form that servers give: unlikely to repeat within a page, and no secret. FNV-1a over what was asked
/// and when.
fn request_id(prompts: &[Encoded], now: f64) -> String {
    let ids = prompts.iter().flat_map(|p| &p.ids).map(|&id| u64::from(id));
    let hash = ids
        .chain([now.to_bits()])
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, value| (hash ^ value).wrapping_mul(0x0000_0100_0000_01b3));
    format!("rerank-{hash:016x}")
}

//! One request: see, encode, score, assemble.

use super::pictures::{Eyes, NoPictures, PictureSource, Seen};
use super::{Engine, Error, Observer};
use crate::api::{Content, Meta, RequestError, RerankRequest, RerankResponse, Timings, Usage, assemble};
use crate::model::{Family, Prompt, VisionFeatures};
use crate::prompt::{Limits, Side};

impl Engine {
    /// [`Engine::rerank_with`] for a request without pictures.
    pub async fn rerank(&self, request: &RerankRequest, observer: &Observer<'_>) -> Result<RerankResponse, Error> {
        self.rerank_with(request, &NoPictures, observer).await
    }

    /// Scores every document of a request. Documents are computed in the order in which they were given: the first
    /// of a search result list are the likeliest to matter, and their scores arrive first.
    pub async fn rerank_with(
        &self,
        request: &RerankRequest,
        pictures: &dyn PictureSource,
        observer: &Observer<'_>,
    ) -> Result<RerankResponse, Error> {
        self.check_media(request)?;
        let start = (observer.now)();
        let mut work = Work { engine: self, request, observer, tally: Tally::default() };
        let eyes = Eyes::new(self, request, pictures);
        let query = work.see(&eyes, &request.query, || "query".to_owned()).await?;
        let mut scores = Vec::with_capacity(request.documents.len());
        for (index, document) in request.documents.iter().enumerate() {
            observer.checkpoint().await?;
            let seen = work.see(&eyes, document, || format!("documents[{index}]")).await?;
            let score = work.score(&query, document, &seen, index).await?;
            (observer.on_result)(index, score);
            scores.push(score);
        }
        let tally = work.tally;
        let total_ms = (observer.now)() - start;
        let meta = Meta {
            device: self.info.device.to_owned(),
            cached_tokens: 0,
            timings: Timings {
                tokenize_ms: tally.tokenize_ms,
                vision_ms: tally.vision_ms,
                compute_ms: tally.compute_ms,
                total_ms,
            },
            warnings: tally.warnings,
        };
        let usage = Usage { prompt_tokens: tally.tokens, total_tokens: tally.tokens };
        let id = format!("rerank-{:016x}", tally.hash ^ (start + total_ms).to_bits());
        Ok(assemble(request, id, self.info.model.clone(), &scores, usage, meta)?)
    }

    /// Refuses pictures before anything is computed, if they cannot be seen.
    fn check_media(&self, request: &RerankRequest) -> Result<(), RequestError> {
        match (request.first_media(), self.model.vision(), self.model.config().family()) {
            (Some(place), None, Family::Qwen3Reranker) => Err(RequestError::text_only(&place)),
            (Some(place), None, Family::Qwen3VlReranker) => Err(RequestError::no_tower(&place)),
            _ => Ok(()),
        }
    }
}

/// What adds up while documents are scored.
struct Tally {
    tokens: usize,
    tokenize_ms: f64,
    vision_ms: f64,
    compute_ms: f64,
    warnings: Vec<String>,
    /// FNV-1a over all ids: with the time, an id that is unlikely to repeat within a page, and no secret.
    hash: u64,
}

impl Default for Tally {
    fn default() -> Self {
        let hash = 0xcbf2_9ce4_8422_2325;
        Self { tokens: 0, tokenize_ms: 0.0, vision_ms: 0.0, compute_ms: 0.0, warnings: Vec::new(), hash }
    }
}

struct Work<'a> {
    engine: &'a Engine,
    request: &'a RerankRequest,
    observer: &'a Observer<'a>,
    tally: Tally,
}

impl Work<'_> {
    async fn see(&mut self, eyes: &Eyes<'_>, content: &Content, place: impl Fn() -> String) -> Result<Seen, Error> {
        let start = (self.observer.now)();
        let seen = eyes.see(content, place).await?;
        self.tally.vision_ms += (self.observer.now)() - start;
        Ok(seen)
    }

    async fn score(&mut self, query: &Seen, document: &Content, seen: &Seen, index: usize) -> Result<f64, Error> {
        let ids = self.encode(query, document, seen, index)?;
        let start = (self.observer.now)();
        let visuals: Vec<&VisionFeatures> = query.features.iter().chain(&seen.features).collect();
        let score = self.engine.model.score(Prompt { ids: &ids, visuals: &visuals }).await?;
        self.tally.compute_ms += (self.observer.now)() - start;
        Ok(score)
    }

    fn encode(&mut self, query: &Seen, document: &Content, seen: &Seen, index: usize) -> Result<Vec<u32>, Error> {
        let start = (self.observer.now)();
        let request = self.request;
        let limits = Limits { max_length: request.max_length, max_tokens_per_doc: request.max_tokens_per_doc };
        let (query_text, text) = (request.query.joined_text(), document.joined_text());
        let encoded = self.engine.prompter.encode(
            request.instruction.as_deref(),
            &Side { visuals: &query.visuals, text: &query_text },
            &Side { visuals: &seen.visuals, text: &text },
            limits,
        )?;
        // A score of half a document is not the document's score.
        if encoded.dropped_tokens > 0 {
            let dropped = encoded.dropped_tokens;
            let warning = format!("documents[{index}] was too long: its last {dropped} tokens of text were not read");
            self.tally.warnings.push(warning);
        }
        let tally = &mut self.tally;
        let step = |hash: u64, id: &u32| (hash ^ u64::from(*id)).wrapping_mul(0x0000_0100_0000_01b3);
        tally.hash = encoded.ids.iter().fold(tally.hash, step);
        tally.tokens += encoded.ids.len();
        tally.tokenize_ms += (self.observer.now)() - start;
        Ok(encoded.ids)
    }
}

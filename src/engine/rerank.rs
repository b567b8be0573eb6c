//! One request: see, encode, share, pack, score, assemble.

use std::collections::HashMap;
use std::rc::Rc;

use super::cache::{ContentKey, PrefixEntry};
use super::pictures::{Eyes, NoPictures, PictureSource, Seen};
use super::{Engine, Error, Observer};
use crate::api::{
    Content, FailedDocument, Meta, RequestError, RerankRequest, RerankResponse, Timings, Usage, assemble,
};
use crate::model::{Family, Pass, Prefix, Prompt, VisionFeatures};
use crate::prompt::{EncodedPrompt, PromptInput, PromptLimits};

/// Two documents that begin so differently that what their prompts share, nearly every document's does.
const PROBES: [&str; 2] = ["a", "(1"];

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
        let mut work = Work::new(self, request, observer);
        let eyes = Eyes::new(self, request, pictures, observer);
        let query = work.see(&eyes, &request.query, || "query".to_owned()).await?;
        let shared = work.share(&query).await?;
        let mut batch = Batch::default();
        for (index, document) in request.documents.iter().enumerate() {
            observer.checkpoint().await?;
            let item = match work.prepare(&eyes, index, &query, document, &shared).await {
                Ok(item) => item,
                Err(error) if observer.strict || error.is_abort() => return Err(error),
                Err(error) => {
                    work.failed.push((index, error));
                    continue;
                }
            };
            let rows = item.rows();
            let fits = self.savings.packing && batch.rows + rows <= self.budget.get().rows();
            if !batch.items.is_empty() && (!fits || batch.shared() != item.shared) {
                work.score(std::mem::take(&mut batch), &query, &shared).await?;
                observer.checkpoint().await?;
            }
            batch.push(item);
        }
        if !batch.items.is_empty() {
            work.score(batch, &query, &shared).await?;
        }
        work.finish(start)
    }

    /// Refuses pictures before anything is computed, if they cannot be seen.
    fn check_media(&self, request: &RerankRequest) -> Result<(), RequestError> {
        match (request.first_media(), self.model.vision(), self.model.config().family()) {
            (Some(place), None, Family::Qwen3Reranker) => Err(RequestError::TextOnlyModel { location: place }),
            (Some(place), None, Family::Qwen3VlReranker) => Err(RequestError::VisionTowerNotLoaded { location: place }),
            _ => Ok(()),
        }
    }
}

/// The start that the prompts of a request have in common.
struct Shared {
    ids: Vec<u32>,
    prefix: Rc<Prefix>,
}

/// A document on its way to a score.
struct Item {
    index: usize,
    ids: Vec<u32>,
    seen: Seen,
    /// Tokens that it shares with the prefix.
    shared: usize,
}

impl Item {
    fn rows(&self) -> usize {
        self.ids.len() - self.shared
    }

    fn key(&self) -> (Vec<u32>, Vec<ContentKey>) {
        (self.ids.clone(), self.seen.keys.clone())
    }
}

/// Documents that are computed together.
#[derive(Default)]
struct Batch {
    items: Vec<Item>,
    rows: usize,
}

impl Batch {
    fn push(&mut self, item: Item) {
        self.rows += item.rows();
        self.items.push(item);
    }

    fn shared(&self) -> usize {
        self.items.first().map_or(0, |item| item.shared)
    }
}

/// What adds up while documents are scored.
struct Work<'a> {
    engine: &'a Engine,
    request: &'a RerankRequest,
    observer: &'a Observer<'a>,
    scores: Vec<Option<f64>>,
    failed: Vec<(usize, Error)>,
    tokens: usize,
    computed: usize,
    tokenize_ms: f64,
    vision_ms: f64,
    compute_ms: f64,
    warnings: Vec<String>,
    /// FNV-1a over all ids: with the time, an id that is unlikely to repeat within a page, and no secret.
    hash: u64,
    /// Scores by prompts: the same document twice is computed once.
    known: HashMap<(Vec<u32>, Vec<ContentKey>), f64>,
}

impl<'a> Work<'a> {
    fn new(engine: &'a Engine, request: &'a RerankRequest, observer: &'a Observer<'a>) -> Self {
        Self {
            engine,
            request,
            observer,
            scores: vec![None; request.documents.len()],
            failed: Vec::new(),
            tokens: 0,
            computed: 0,
            tokenize_ms: 0.0,
            vision_ms: 0.0,
            compute_ms: 0.0,
            warnings: Vec::new(),
            hash: 0xcbf2_9ce4_8422_2325,
            known: HashMap::new(),
        }
    }

    async fn see(&mut self, eyes: &Eyes<'_>, content: &Content, place: impl Fn() -> String) -> Result<Seen, Error> {
        let start = (self.observer.now)();
        let seen = eyes.see(content, place).await?;
        self.vision_ms += (self.observer.now)() - start;
        Ok(seen)
    }

    fn pass(&self) -> Pass<'a> {
        Pass {
            max_rows: self.engine.budget.get().rows(),
            last_layer_only: self.engine.savings.last_layer_only,
            turns: self.observer,
        }
    }

    /// The start that prompts of this query have in common, computed or kept from the last request.
    async fn share(&mut self, query: &Seen) -> Result<Shared, Error> {
        let engine = self.engine;
        let mut ids = Vec::new();
        if engine.savings.shared_prefix {
            let [first, second] = PROBES.map(|text| self.encode(query, &PromptInput { visuals: &[], text }));
            let (first, second) = (first?.ids, second?.ids);
            let common = first.iter().zip(&second).take_while(|(a, b)| a == b).count();
            ids = first;
            ids.truncate(common);
        }
        if let Some(entry) = engine.prefix_cache.borrow().as_ref().filter(|entry| entry.is_of(&ids, &query.keys)) {
            return Ok(Shared { prefix: entry.prefix.clone(), ids });
        }
        let start = (self.observer.now)();
        let visuals: Vec<&VisionFeatures> = if ids.is_empty() { Vec::new() } else { borrowed(&query.features) };
        let prefix = Rc::new(engine.model.prefix(Prompt { ids: &ids, visuals: &visuals }, self.pass()).await?);
        self.computed += ids.len();
        self.compute_ms += (self.observer.now)() - start;
        let entry = PrefixEntry { ids: ids.clone(), visuals: query.keys.clone(), prefix: prefix.clone() };
        *engine.prefix_cache.borrow_mut() = Some(entry);
        Ok(Shared { ids, prefix })
    }

    /// The prompt with this document.
    fn encode(&self, query: &Seen, document: &PromptInput<'_>) -> Result<EncodedPrompt, Error> {
        let request = self.request;
        let limits = PromptLimits { max_length: request.max_length, max_tokens_per_doc: request.max_tokens_per_doc };
        let text = request.query.joined_text();
        let side = PromptInput { visuals: &query.visuals, text: &text };
        Ok(self.engine.prompter.encode(request.instruction.as_deref(), &side, document, limits)?)
    }

    /// What can go wrong with a document alone.
    async fn prepare(
        &mut self,
        eyes: &Eyes<'_>,
        index: usize,
        query: &Seen,
        document: &Content,
        shared: &Shared,
    ) -> Result<Item, Error> {
        let seen = self.see(eyes, document, || format!("documents[{index}]")).await?;
        self.item(index, query, document, seen, shared)
    }

    fn item(
        &mut self,
        index: usize,
        query: &Seen,
        document: &Content,
        seen: Seen,
        shared: &Shared,
    ) -> Result<Item, Error> {
        let start = (self.observer.now)();
        let text = document.joined_text();
        let encoded = self.encode(query, &PromptInput { visuals: &seen.visuals, text: &text })?;
        self.warnings.extend(too_long(index, &encoded));
        let ids = encoded.ids;
        let step = |hash: u64, id: &u32| (hash ^ u64::from(*id)).wrapping_mul(0x0000_0100_0000_01b3);
        self.hash = ids.iter().fold(self.hash, step);
        self.tokens += ids.len();
        self.tokenize_ms += (self.observer.now)() - start;
        // At least the last token is computed anew.
        let common = shared.ids.iter().zip(&ids).take_while(|(a, b)| a == b).count().min(ids.len() - 1);
        // A prompt that leaves the prefix early, having lost text to its pictures, shares nothing with it: the cut might
        // go through a picture.
        let shared = if common < shared.ids.len() && !query.features.is_empty() { 0 } else { common };
        Ok(Item { index, ids, seen, shared })
    }

    async fn score(&mut self, batch: Batch, query: &Seen, shared: &Shared) -> Result<(), Error> {
        let start = (self.observer.now)();
        let mut fresh: Vec<&Item> = Vec::new();
        for item in &batch.items {
            if !self.known.contains_key(&item.key()) && !fresh.iter().any(|other| other.key() == item.key()) {
                fresh.push(item);
            }
        }
        if !fresh.is_empty() {
            let visuals: Vec<Vec<&VisionFeatures>> = fresh
                .iter()
                .map(|item| query.features.iter().chain(&item.seen.features).map(|f| &**f).collect())
                .collect();
            let prompts: Vec<Prompt<'_>> =
                fresh.iter().zip(&visuals).map(|(item, visuals)| Prompt { ids: &item.ids, visuals }).collect();
            let len = batch.shared();
            let prefix =
                if len == shared.ids.len() { shared.prefix.clone() } else { Rc::new(shared.prefix.first(len)) };
            let scores = self.engine.model.scores(&prefix, &prompts, self.pass()).await?;
            let rows: usize = fresh.iter().map(|item| item.rows()).sum();
            self.computed += rows;
            self.known.extend(fresh.iter().zip(scores).map(|(item, score)| (item.key(), score)));
            let ms = (self.observer.now)() - start;
            let mut budget = self.engine.budget.get();
            budget.learn(rows, ms);
            self.engine.budget.set(budget);
        }
        for item in &batch.items {
            let score = self.known.get(&item.key()).copied().unwrap_or(f64::NAN);
            self.scores[item.index] = Some(score);
            (self.observer.on_result)(item.index, score);
        }
        self.compute_ms += (self.observer.now)() - start;
        Ok(())
    }

    /// A request of whose documents none could be scored fails as its first one did.
    fn finish(mut self, start: f64) -> Result<RerankResponse, Error> {
        if self.failed.len() == self.scores.len() {
            return Err(self.failed.swap_remove(0).1);
        }
        let failed =
            |(index, error): (usize, Error)| FailedDocument { index, code: error.code(), message: error.to_string() };
        let total_ms = (self.observer.now)() - start;
        let meta = Meta {
            device: self.engine.info.device.to_owned(),
            cached_tokens: self.tokens.saturating_sub(self.computed),
            timings: Timings {
                tokenize_ms: self.tokenize_ms,
                vision_ms: self.vision_ms,
                compute_ms: self.compute_ms,
                total_ms,
            },
            warnings: self.warnings,
            failed: self.failed.into_iter().map(failed).collect(),
        };
        let usage = Usage { prompt_tokens: self.tokens, total_tokens: self.tokens };
        let id = format!("rerank-{:016x}", self.hash ^ (start + total_ms).to_bits());
        Ok(assemble(self.request, id, self.engine.info.model.clone(), &self.scores, usage, meta)?)
    }
}

/// A score of half a document is not the document's score, and one of half a query is nobody's.
fn too_long(index: usize, encoded: &EncodedPrompt) -> Option<String> {
    match (encoded.dropped_tokens, encoded.dropped_before_document) {
        (0, _) => None,
        (dropped, 0) => {
            Some(format!("documents[{index}] was too long: its last {dropped} tokens of text were not read"))
        }
        (_, before) => Some(format!(
            "documents[{index}] was too long: none of its text was read, and {before} tokens of what stands before it (query, instruction, prompt) were dropped too. Shorten the query, give fewer or smaller pictures, or a larger max_length"
        )),
    }
}

fn borrowed(features: &[Rc<VisionFeatures>]) -> Vec<&VisionFeatures> {
    features.iter().map(|features| &**features).collect()
}

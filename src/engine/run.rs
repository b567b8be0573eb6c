//! The computation of one request.

use std::collections::{HashMap, HashSet};

use super::content_hash::ContentHash;
use super::core::Engine;
use super::document::{DocumentSweep, PreparedDocument};
use super::error::Error;
use super::observer::Observer;
use super::shared_prefix::SharedPrefix;
use super::tally::RequestTally;
use super::visual_encoder::{EncodedVisuals, VisualEncoder};
use crate::api::{Content, RequestError, RerankRequest};
use crate::model::{ForwardOptions, PromptBatch, TokenizedPrompt, VisionFeatures};
use crate::prompt::{EncodedPrompt, PromptInput, PromptLimits};

/// The computation of one request.
pub struct RequestRun<'a> {
    pub engine: &'a Engine,
    pub tally: RequestTally,
    request: &'a RerankRequest,
    observer: &'a Observer<'a>,
    visual_encoder: VisualEncoder<'a>,
    /// Logits by prompt, so that equal documents are computed once.
    logits: HashMap<ContentHash, f64>,
}

impl<'a> RequestRun<'a> {
    pub fn new(
        engine: &'a Engine,
        request: &'a RerankRequest,
        visual_encoder: VisualEncoder<'a>,
        observer: &'a Observer<'a>,
    ) -> Self {
        let tally = RequestTally::new(request.documents.len(), engine.info.warnings.clone());
        Self { engine, tally, request, observer, visual_encoder, logits: HashMap::new() }
    }

    pub fn now(&self) -> f64 {
        (self.observer.now)()
    }

    pub fn forward_options(&self) -> ForwardOptions<'a> {
        ForwardOptions {
            max_rows: self.engine.runtime.max_rows(),
            last_layer_only: self.engine.runtime.optimizations.last_layer_only,
            yield_point: self.observer,
        }
    }

    /// The features of a query or document, which `place` names in messages.
    pub async fn encode_visuals(
        &mut self,
        content: &Content,
        place: impl Fn() -> String,
    ) -> Result<EncodedVisuals, Error> {
        let start = self.now();
        let encoded = self.visual_encoder.encode(content, place).await?;
        self.tally.timings.vision_ms += self.now() - start;
        Ok(encoded)
    }

    /// The prompt of a document.
    pub fn encode_prompt(&self, query: &EncodedVisuals, document: &PromptInput<'_>) -> Result<EncodedPrompt, Error> {
        let request = self.request;
        let limits = PromptLimits { max_length: request.max_length, max_tokens_per_doc: request.max_tokens_per_doc };
        let text = request.query.joined_text();
        let side = PromptInput { visuals: &query.visuals, text: &text };
        Ok(self.engine.prompter.encode(request.instruction.as_deref(), &side, document, limits)?)
    }

    /// Everything about a document that can fail for it alone.
    pub async fn prepare(
        &mut self,
        index: usize,
        query: &EncodedVisuals,
        document: &Content,
        prefix: &SharedPrefix,
    ) -> Result<PreparedDocument, Error> {
        let visuals = self.encode_visuals(document, || format!("documents[{index}]")).await?;
        let start = self.now();
        let text = document.joined_text();
        let encoded = self.encode_prompt(query, &PromptInput { visuals: &visuals.visuals, text: &text })?;
        // Pictures are never cut: with one, the score says something of the document at least.
        if encoded.document_unread && visuals.visuals.is_empty() {
            return Err(RequestError::DocumentUnread { index }.into());
        }
        if encoded.query_unread && query.visuals.is_empty() {
            return Err(RequestError::QueryUnread { index }.into());
        }
        self.tally.warnings.extend(truncation_warning(index, &encoded));
        let EncodedPrompt { ids, second_segment, .. } = encoded;
        self.tally.add_prompt(&ids);
        self.tally.timings.tokenize_ms += self.now() - start;
        let hash = ContentHash::of_prompt(&ids, &visuals.hashes);
        Ok(PreparedDocument { index, shared: prefix.shared_tokens(&ids), ids, second_segment, visuals, hash })
    }

    /// Scores documents, whose prompts start with the prefix or a shorter part of it.
    pub async fn score(
        &mut self,
        sweep: &DocumentSweep,
        query: &EncodedVisuals,
        prefix: &mut SharedPrefix,
    ) -> Result<(), Error> {
        let start = self.now();
        let mut queued = HashSet::new();
        let unscored: Vec<(usize, Vec<&PreparedDocument>)> = sweep
            .batches
            .iter()
            .map(|batch| {
                let is_new = |document: &&PreparedDocument| {
                    !self.logits.contains_key(&document.hash) && queued.insert(document.hash)
                };
                (batch.shared(), batch.documents.iter().filter(is_new).collect())
            })
            .filter(|(_, documents): &(usize, Vec<_>)| !documents.is_empty())
            .collect();
        if !unscored.is_empty() {
            let before = self.engine.model.stream_times();
            let rows = self.compute(&unscored, query, prefix).await?;
            self.tally.computed_tokens += rows;
            self.engine.runtime.record(rows, self.now() - start, self.engine.model.stream_times().since(before));
        }
        for document in sweep.documents() {
            let logit = self.logits.get(&document.hash).copied().unwrap_or(f64::NAN);
            let score = self.engine.score(logit, self.request.raw_scores);
            self.tally.scores[document.index] = Some(score);
            (self.observer.on_result)(document.index, score);
        }
        self.tally.timings.compute_ms += self.now() - start;
        Ok(())
    }

    /// The logits of documents, in batches with the tokens that each shares with the prefix. Returns the rows that were
    /// computed.
    async fn compute(
        &mut self,
        batches: &[(usize, Vec<&PreparedDocument>)],
        query: &EncodedVisuals,
        prefix: &mut SharedPrefix,
    ) -> Result<usize, Error> {
        let document_first = self.engine.prompter.document_first();
        let documents: Vec<&PreparedDocument> = batches.iter().flat_map(|(_, documents)| documents).copied().collect();
        let visuals: Vec<Vec<&VisionFeatures>> = documents
            .iter()
            .map(|document| {
                let mut sides = [&query.features, &document.visuals.features];
                if document_first {
                    sides.reverse();
                }
                sides.into_iter().flatten().map(|f| &**f).collect()
            })
            .collect();
        let prompts: Vec<TokenizedPrompt<'_>> =
            documents.iter().zip(&visuals).map(|(document, visuals)| document.prompt(visuals)).collect();
        let mut rest = prompts.as_slice();
        let cut = batches.iter().map(|(shared, documents)| {
            let (prompts, after) = rest.split_at(documents.len());
            rest = after;
            PromptBatch { prompts, shared: *shared }
        });
        let cut: Vec<PromptBatch<'_>> = cut.collect();
        let visuals = query.features.iter().map(|features| &**features).collect::<Vec<_>>();
        let scored = self.engine.model.score(prefix.start(&visuals), &cut, self.forward_options()).await?;
        let mut rows = documents.iter().map(|document| document.rows()).sum();
        if let Some(cache) = scored.start {
            rows += cache.len();
            prefix.keep(cache, self.engine);
        }
        self.logits.extend(documents.iter().zip(scored.logits).map(|(document, logit)| (document.hash, logit)));
        Ok(rows)
    }
}

/// The caller should know that a score is of a part of the document, or of the query.
fn truncation_warning(index: usize, encoded: &EncodedPrompt) -> Option<String> {
    match (encoded.dropped_tokens, encoded.dropped_before_document) {
        (0, _) => None,
        (dropped, 0) if encoded.dropped_from_query > 0 => Some(format!(
            "documents[{index}] and the query were too long together: the last {} tokens of the query and {} of the document were not read",
            encoded.dropped_from_query,
            dropped - encoded.dropped_from_query
        )),
        (dropped, 0) => {
            Some(format!("documents[{index}] was too long: its last {dropped} tokens of text were not read"))
        }
        (_, before) => Some(format!(
            "documents[{index}] was too long: none of its text was read, and {before} tokens of what stands before it (query, instruction, prompt) were dropped too. Shorten the query, give fewer or smaller pictures, or a larger max_length"
        )),
    }
}

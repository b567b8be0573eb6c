//! Orders the best results of a stage anew by a reranker's scores.

use std::collections::HashSet;

use super::collection::{Collection, JudgedQuery};
use super::content_key::{content_key, pair_key};
use super::entries::CollectionEntry;
use super::omissions::Omissions;
use super::ranking::Ranking;
use super::recorder::Recorder;
use super::store::{ContentKey, ResultStore};
use crate::api::{DocumentScore, InputType, RerankRequest};
use crate::cli::error::CliError;
use crate::cli::pictures::FilePictures;
use crate::engine::{Engine, Error, Observer, RequestOptions};

const PROBE_QUERY: &str = "Which animal jumps?";
const PROBE_DOCUMENT: &str = "The quick brown fox jumps over the lazy dog.";

/// How documents are reranked.
pub struct RerankSettings {
    pub instruction: Option<String>,
    /// How many of a query's results are read.
    pub top: usize,
    /// Whether a document that cannot be read is an error.
    pub strict: bool,
}

/// Scores pairs into a store.
pub struct CollectionReranker<'a> {
    pub engine: &'a Engine,
    pub settings: &'a RerankSettings,
    pub pictures: &'a FilePictures,
    pub now: &'a dyn Fn() -> f64,
}

/// The first results of a query, with the key of each pair.
struct Pairs<'a> {
    query: &'a JudgedQuery,
    documents: Vec<(usize, ContentKey)>,
}

impl CollectionReranker<'_> {
    /// Makes sure that the store's scores are of this model.
    pub async fn compare_probe(&self, store: &mut ResultStore) -> Result<(), CliError> {
        let body = serde_json::json!({ "query": PROBE_QUERY, "documents": [PROBE_DOCUMENT], "instruction": self.settings.instruction });
        let request = RerankRequest::from_json(&body.to_string()).map_err(Error::from)?;
        let options = RequestOptions { strict: true };
        let response = self.engine.rerank_with(&request, self.pictures, options, &Observer::silent()).await?;
        let logits: Vec<f32> = response.results.iter().map(|result| result.logit as f32).collect();
        Ok(store.compare_probe(&logits)?)
    }

    /// The rankings with their first results ordered by score.
    pub async fn rerank(
        &self,
        store: &mut ResultStore,
        collection: &Collection,
        first: &[Ranking],
        omissions: &mut Omissions,
    ) -> Result<Vec<Ranking>, CliError> {
        let all: Vec<Pairs<'_>> = collection
            .queries
            .iter()
            .zip(first)
            .map(|(query, ranking)| self.pairs(collection, query, ranking))
            .collect();
        let keys = || all.iter().flat_map(|pairs| &pairs.documents).map(|(_, key)| key);
        let there = keys().filter(|key| store.contains(key)).count();
        let recorder = Recorder::new(store, "reranking", keys().count(), there);
        for pairs in &all {
            self.score(pairs, &recorder, collection, omissions).await?;
        }
        drop(recorder);
        Ok(all.iter().zip(first).map(|(pairs, ranking)| reordered(pairs, ranking, store, collection)).collect())
    }

    fn pairs<'c>(&self, collection: &Collection, query: &'c JudgedQuery, ranking: &Ranking) -> Pairs<'c> {
        let query_key = content_key(&query.entry, InputType::Query);
        let key =
            |document: usize| pair_key(&query_key, &content_key(&collection.documents[document], InputType::Document));
        Pairs {
            query,
            documents: ranking.documents().take(self.settings.top).map(|document| (document, key(document))).collect(),
        }
    }

    /// Scores the pairs that the store lacks.
    async fn score(
        &self,
        pairs: &Pairs<'_>,
        recorder: &Recorder<'_>,
        collection: &Collection,
        omissions: &mut Omissions,
    ) -> Result<(), CliError> {
        let missing: Vec<&(usize, ContentKey)> = pairs.documents.iter().filter(|(_, key)| !recorder.has(key)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let lines: Vec<usize> = missing.iter().map(|(document, _)| collection.documents[*document].line).collect();
        let request = self.request(pairs.query, missing.iter().map(|(document, _)| &collection.documents[*document]));
        let keep = |index: usize, score: DocumentScore| {
            // A score that is no number fails the request.
            if !score.logit.is_nan() {
                recorder.record(missing[index].1, &[score.logit as f32]);
            }
        };
        let aborted = || recorder.has_failed();
        let observer = Observer { now: self.now, on_result: &keep, aborted: &aborted, ..Observer::silent() };
        let options = RequestOptions { strict: self.settings.strict };
        let response = self.engine.rerank_with(&request, self.pictures, options, &observer).await;
        recorder.check()?;
        let read = response.map(|response| (response.meta.failed, response.meta.warnings));
        recorder.skip(omissions.note(read, &lines, self.settings.strict)?);
        Ok(())
    }

    fn request<'e>(&self, query: &JudgedQuery, documents: impl Iterator<Item = &'e CollectionEntry>) -> RerankRequest {
        RerankRequest {
            query: query.entry.content(),
            documents: documents.map(CollectionEntry::content).collect(),
            instruction: self.settings.instruction.clone(),
            top_n: None,
            return_documents: false,
            raw_scores: false,
            max_tokens_per_doc: None,
            max_length: None,
            fps: None,
            max_frames: None,
        }
    }
}

/// What has a score by its score; behind it, in their former order, what could not be read and what was not to be read.
fn reordered(pairs: &Pairs<'_>, first: &Ranking, store: &ResultStore, collection: &Collection) -> Ranking {
    let scored = |(document, key): &(usize, ContentKey)| Some((*document, store.get(key)?[0]));
    let mut results: Vec<(usize, f32)> = pairs.documents.iter().filter_map(scored).collect();
    let least = results.iter().map(|(_, score)| *score).fold(0.0, f32::min);
    let read: HashSet<usize> = results.iter().map(|(document, _)| *document).collect();
    let rest = first.documents().filter(|document| !read.contains(document));
    results.extend(rest.enumerate().map(|(place, document)| (document, least - 1.0 - place as f32)));
    Ranking::new(results, usize::MAX, &collection.ids)
}

//! The vectors of a collection: read from the state, and computed where it has none.

use std::cell::RefCell;
use std::collections::HashSet;

use super::content_key::content_key;
use super::entries::CollectionEntry;
use super::omissions::Omissions;
use super::recorder::Recorder;
use super::store::{ContentKey, ResultStore};
use crate::api::{EmbedRequest, EmbeddingFormat, InputType};
use crate::cli::error::CliError;
use crate::cli::pictures::FilePictures;
use crate::engine::{Embedder, Observer, RequestOptions};

/// Inputs of one request. The engine packs them further.
const REQUEST_INPUTS: usize = 256;
/// What is embedded to recognize a model.
const PROBE_TEXT: &str = "The quick brown fox jumps over the lazy dog.";

/// How texts are embedded.
pub struct EmbedSettings {
    /// The task, for queries.
    pub instruction: Option<String>,
    pub dimensions: Option<usize>,
    /// Whether an input that cannot be read is an error.
    pub strict: bool,
}

/// Computes vectors into a store.
pub struct CollectionEmbedder<'a> {
    pub embedder: &'a Embedder,
    pub settings: &'a EmbedSettings,
    pub pictures: &'a FilePictures,
    pub now: &'a dyn Fn() -> f64,
}

impl CollectionEmbedder<'_> {
    /// Makes sure that the store's vectors are of this model.
    pub async fn compare_probe(&self, store: &mut ResultStore) -> Result<(), CliError> {
        let probe = CollectionEntry { text: PROBE_TEXT.to_owned(), pictures: Vec::new(), line: 0 };
        let request = self.request(&[&probe], InputType::Document);
        let vector = RefCell::new(Vec::new());
        let keep = |_: usize, values: &[f32]| vector.replace(values.to_vec()).clear();
        self.embedder
            .embed_with(&request, self.pictures, RequestOptions { strict: true }, &keep, &Observer::silent())
            .await?;
        Ok(store.compare_probe(&vector.into_inner())?)
    }

    /// Computes the vectors that the store lacks. Gives the key of each entry, and what has no vector.
    pub async fn complete(
        &self,
        store: &mut ResultStore,
        entries: &[&CollectionEntry],
        role: InputType,
    ) -> Result<(Vec<ContentKey>, Omissions), CliError> {
        let mut omissions = Omissions::default();
        let keys: Vec<ContentKey> = entries.iter().map(|entry| content_key(entry, role)).collect();
        let mut seen = HashSet::new();
        let missing: Vec<usize> =
            (0..keys.len()).filter(|&i| !store.contains(&keys[i]) && seen.insert(keys[i])).collect();
        let label = match role {
            InputType::Query => "vectors of queries",
            InputType::Document => "vectors of documents",
        };
        let there = keys.iter().collect::<HashSet<_>>().len() - missing.len();
        let recorder = Recorder::new(store, label, there + missing.len(), there);
        for part in missing.chunks(REQUEST_INPUTS) {
            let inputs: Vec<&CollectionEntry> = part.iter().map(|&i| entries[i]).collect();
            let request = self.request(&inputs, role);
            let keep = |index: usize, vector: &[f32]| recorder.record(keys[part[index]], vector);
            let lines: Vec<usize> = inputs.iter().map(|entry| entry.line).collect();
            self.compute(&request, &recorder, &keep, &lines, &mut omissions).await?;
        }
        Ok((keys, omissions))
    }

    async fn compute(
        &self,
        request: &EmbedRequest,
        recorder: &Recorder<'_>,
        keep: &dyn Fn(usize, &[f32]),
        lines: &[usize],
        omissions: &mut Omissions,
    ) -> Result<(), CliError> {
        let aborted = || recorder.has_failed();
        let observer = Observer { now: self.now, aborted: &aborted, ..Observer::silent() };
        let options = RequestOptions { strict: self.settings.strict };
        let response = self.embedder.embed_with(request, self.pictures, options, keep, &observer).await;
        recorder.check()?;
        let read = response.map(|response| (response.meta.failed, response.meta.warnings));
        recorder.skip(omissions.note(read, lines, self.settings.strict)?);
        Ok(())
    }

    fn request(&self, entries: &[&CollectionEntry], role: InputType) -> EmbedRequest {
        EmbedRequest {
            input: entries.iter().map(|entry| entry.content()).collect(),
            input_type: Some(role),
            instruction: self.settings.instruction.clone().filter(|_| role == InputType::Query),
            dimensions: self.settings.dimensions,
            encoding_format: EmbeddingFormat::Float,
            max_length: None,
            fps: None,
            max_frames: None,
        }
    }
}

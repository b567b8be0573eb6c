//! Answering a request for embeddings: encode images, pack inputs, compute, assemble the response.

use std::collections::HashMap;

use super::content_hash::ContentHash;
use super::document::{DocumentSweep, PreparedDocument};
use super::embedder::Embedder;
use super::error::Error;
use super::observer::Observer;
use super::pictures::{NoPictures, PictureSource};
use super::request_options::RequestOptions;
use super::visual_encoder::{VideoSampling, VisualEncoder};
use crate::api::{
    EmbedMeta, EmbedRequest, EmbedResponse, EmbeddedInput, FailedDocument, InputType, RequestError, Timings, Usage,
};
use crate::model::{ForwardOptions, PromptBatch, TokenizedPrompt, VisionFeatures};
use crate::prompt::{InputRole, PromptInput};

impl Embedder {
    /// The vectors of a request without images. See [`Embedder`] for an example.
    pub async fn embed(&self, request: &EmbedRequest, observer: &Observer<'_>) -> Result<EmbedResponse, Error> {
        self.embed_with(request, &NoPictures, RequestOptions::default(), &|_, _| {}, observer).await
    }

    /// The vectors of a request, whose images are read from `pictures`. `on_vector` is called with the index and the vector
    /// of each input as soon as it exists.
    pub async fn embed_with(
        &self,
        request: &EmbedRequest,
        pictures: &dyn PictureSource,
        options: RequestOptions,
        on_vector: &dyn Fn(usize, &[f32]),
        observer: &Observer<'_>,
    ) -> Result<EmbedResponse, Error> {
        self.check(request)?;
        let sampling = VideoSampling { fps: request.fps, max_frames: request.max_frames };
        let visuals = VisualEncoder::new(self.model.vision(), &self.runtime, sampling, pictures, observer);
        let start = (observer.now)();
        let mut run = EmbedRun::new(self, request, visuals, on_vector, observer);
        let mut sweep = DocumentSweep::default();
        for index in 0..request.input.len() {
            observer.checkpoint().await?;
            let prepared = match run.prepare(index).await {
                Ok(prepared) => prepared,
                Err(error) if options.strict || error.is_abort() => return Err(error),
                Err(error) => {
                    run.failed.push((index, error));
                    continue;
                }
            };
            let batch_rows = if self.runtime.optimizations.packing { self.runtime.max_rows() } else { 0 };
            if !sweep.fits(&prepared, batch_rows, self.runtime.sweep_rows()) {
                run.compute(&std::mem::take(&mut sweep)).await?;
                observer.checkpoint().await?;
            }
            sweep.push(prepared, batch_rows);
        }
        run.compute(&sweep).await?;
        run.into_response((observer.now)() - start)
    }

    /// Refuses what the model cannot do, before anything is computed.
    fn check(&self, request: &EmbedRequest) -> Result<(), RequestError> {
        if let (Some(location), None) = (request.first_media(), self.model.vision()) {
            return Err(match self.model.config().family().has_vision() {
                true => RequestError::VisionTowerNotLoaded { location },
                false => RequestError::TextOnlyModel { location },
            });
        }
        match request.dimensions {
            Some(wanted) if wanted > self.model.dimensions() => {
                let most = self.model.dimensions();
                Err(RequestError::invalid(format!("dimensions is {wanted}; this model's vectors have {most}")))
            }
            _ => Ok(()),
        }
    }
}

/// The computation of one request.
struct EmbedRun<'a> {
    embedder: &'a Embedder,
    request: &'a EmbedRequest,
    visuals: VisualEncoder<'a>,
    on_vector: &'a dyn Fn(usize, &[f32]),
    observer: &'a Observer<'a>,
    vectors: Vec<Option<Vec<f32>>>,
    failed: Vec<(usize, Error)>,
    warnings: Vec<String>,
    tokens: usize,
    timings: Timings,
}

impl<'a> EmbedRun<'a> {
    fn new(
        embedder: &'a Embedder,
        request: &'a EmbedRequest,
        visuals: VisualEncoder<'a>,
        on_vector: &'a dyn Fn(usize, &[f32]),
        observer: &'a Observer<'a>,
    ) -> Self {
        Self {
            embedder,
            request,
            visuals,
            on_vector,
            observer,
            vectors: vec![None; request.input.len()],
            failed: Vec::new(),
            warnings: Vec::new(),
            tokens: 0,
            timings: Timings::default(),
        }
    }

    fn now(&self) -> f64 {
        (self.observer.now)()
    }

    /// Everything about an input that can fail for it alone.
    async fn prepare(&mut self, index: usize) -> Result<PreparedDocument, Error> {
        let content = &self.request.input[index];
        let start = self.now();
        let visuals = self.visuals.encode(content, || format!("input[{index}]")).await?;
        let encoded = self.now();
        let text = content.joined_text();
        let input = PromptInput { visuals: &visuals.visuals, text: &text };
        let role = self.request.input_type.map(|kind| match kind {
            InputType::Query => InputRole::Query,
            InputType::Document => InputRole::Document,
        });
        let instruction = self.request.instruction.as_deref();
        let prompt = self.embedder.prompter.encode(role, instruction, &input, self.request.max_length)?;
        if prompt.ids.is_empty() {
            return Err(
                RequestError::invalid(format!("input[{index}] is empty: the model reads no token of it")).into()
            );
        }
        if prompt.dropped_tokens > 0 {
            let dropped = prompt.dropped_tokens;
            self.warnings.push(format!("input[{index}] was too long: its last {dropped} tokens were not read"));
        }
        self.tokens += prompt.ids.len();
        self.timings.vision_ms += encoded - start;
        self.timings.tokenize_ms += self.now() - encoded;
        let hash = ContentHash::of_prompt(&prompt.ids, &visuals.hashes);
        Ok(PreparedDocument { index, second_segment: prompt.second_segment, ids: prompt.ids, visuals, shared: 0, hash })
    }

    /// The vectors of inputs that are computed together. Equal ones are computed once.
    async fn compute(&mut self, sweep: &DocumentSweep) -> Result<(), Error> {
        let start = self.now();
        let mut places: HashMap<ContentHash, usize> = HashMap::new();
        let mut distinct: Vec<&PreparedDocument> = Vec::new();
        let mut counts: Vec<usize> = Vec::new();
        for batch in &sweep.batches {
            let before = distinct.len();
            for document in &batch.documents {
                places.entry(document.hash).or_insert_with(|| {
                    distinct.push(document);
                    distinct.len() - 1
                });
            }
            counts.extend(Some(distinct.len() - before).filter(|&count| count > 0));
        }
        if distinct.is_empty() {
            return Ok(());
        }
        let features: Vec<Vec<&VisionFeatures>> =
            distinct.iter().map(|document| document.visuals.features.iter().map(|f| &**f).collect()).collect();
        let prompts: Vec<TokenizedPrompt<'_>> =
            distinct.iter().zip(&features).map(|(document, visuals)| document.prompt(visuals)).collect();
        let mut rest = prompts.as_slice();
        let cut = counts.iter().map(|&count| {
            let (prompts, after) = rest.split_at(count);
            rest = after;
            PromptBatch::whole(prompts)
        });
        let batches: Vec<PromptBatch<'_>> = cut.collect();
        let (runtime, model) = (&self.embedder.runtime, &self.embedder.model);
        let options = ForwardOptions {
            max_rows: runtime.max_rows(),
            last_layer_only: runtime.optimizations.last_layer_only,
            yield_point: self.observer,
        };
        let before = model.stream_times();
        let vectors = model.vectors(&batches, self.request.dimensions, options).await?;
        let rows = distinct.iter().map(|document| document.rows()).sum();
        runtime.record(rows, self.now() - start, model.stream_times().since(before));
        for document in sweep.documents() {
            let vector = &vectors[places[&document.hash]];
            (self.on_vector)(document.index, vector);
            self.vectors[document.index] = Some(vector.clone());
        }
        self.timings.compute_ms += self.now() - start;
        Ok(())
    }

    /// The response. If no input has a vector, the request fails with the error of the first.
    fn into_response(mut self, total_ms: f64) -> Result<EmbedResponse, Error> {
        if self.failed.len() == self.vectors.len() {
            return Err(self.failed.swap_remove(0).1);
        }
        let format = self.request.encoding_format;
        let vectors = self.vectors.into_iter().enumerate();
        let data = vectors
            .filter_map(|(index, vector)| {
                Some(EmbeddedInput { object: "embedding", index, embedding: format.encode(&vector?) })
            })
            .collect();
        let failed =
            |(index, error): (usize, Error)| FailedDocument { index, code: error.code(), message: error.to_string() };
        let info = &self.embedder.info;
        Ok(EmbedResponse {
            object: "list",
            data,
            model: info.model.clone(),
            usage: Usage { prompt_tokens: self.tokens, total_tokens: self.tokens },
            meta: EmbedMeta {
                device: info.device.name().to_owned(),
                timings: Timings { total_ms, ..self.timings },
                warnings: self.warnings,
                failed: self.failed.into_iter().map(failed).collect(),
            },
        })
    }
}

//! Answering a request: encode images, share the prefix, pack documents, score, assemble the response.

use super::core::Engine;
use super::document::DocumentSweep;
use super::error::Error;
use super::observer::Observer;
use super::pictures::{NoPictures, PictureSource};
use super::request_options::RequestOptions;
use super::run::RequestRun;
use super::shared_prefix::SharedPrefix;
use super::visual_encoder::{VideoSampling, VisualEncoder};
use crate::api::{RequestError, RerankRequest, RerankResponse};

impl Engine {
    /// Scores the documents of a request without images. See [`Engine`] for an example.
    pub async fn rerank(&self, request: &RerankRequest, observer: &Observer<'_>) -> Result<RerankResponse, Error> {
        self.rerank_with(request, &NoPictures, RequestOptions::default(), observer).await
    }

    /// Scores the documents of a request, whose images are read from `pictures`. See [`RequestOptions`] for an example.
    ///
    /// Documents are computed in the order of the request: the first ones of a list of search results are the most likely
    /// to matter, and their scores arrive first.
    pub async fn rerank_with(
        &self,
        request: &RerankRequest,
        pictures: &dyn PictureSource,
        options: RequestOptions,
        observer: &Observer<'_>,
    ) -> Result<RerankResponse, Error> {
        self.check_media(request)?;
        let start = (observer.now)();
        let sampling = VideoSampling { fps: request.fps, max_frames: request.max_frames };
        let visual_encoder = VisualEncoder::new(self.model.vision(), &self.runtime, sampling, pictures, observer);
        let mut run = RequestRun::new(self, request, visual_encoder, observer);
        let query = run.encode_visuals(&request.query, || "query".to_owned()).await?;
        let mut prefix = SharedPrefix::find(self, &query, |document| run.encode_prompt(&query, document))?;
        let mut sweep = DocumentSweep::default();
        for (index, document) in request.documents.iter().enumerate() {
            observer.checkpoint().await?;
            let document = match run.prepare(index, &query, document, &prefix).await {
                Ok(document) => document,
                Err(error) if options.strict || error.is_abort() => return Err(error),
                Err(error) => {
                    run.tally.failed.push((index, error));
                    continue;
                }
            };
            let batch_rows = if self.runtime.optimizations.packing { self.runtime.max_rows() } else { 0 };
            if !sweep.fits(&document, batch_rows, self.runtime.sweep_rows()) {
                run.score(&std::mem::take(&mut sweep), &query, &mut prefix).await?;
                observer.checkpoint().await?;
            }
            sweep.push(document, batch_rows);
        }
        run.score(&sweep, &query, &mut prefix).await?;
        run.tally.into_response(request, self.info.model.clone(), self.info.device, start, (observer.now)())
    }

    /// Refuses images that the model cannot read, before anything is computed.
    fn check_media(&self, request: &RerankRequest) -> Result<(), RequestError> {
        let reads_video = self.model.config().vision().is_none_or(|vision| vision.style.video);
        if let (false, Some(location)) = (reads_video, request.first_video()) {
            return Err(RequestError::NoVideo { location });
        }
        match (request.first_media(), self.model.vision()) {
            (Some(place), None) if self.model.config().family().has_vision() => {
                Err(RequestError::VisionTowerNotLoaded { location: place })
            }
            (Some(place), None) => Err(RequestError::TextOnlyModel { location: place }),
            _ => Ok(()),
        }
    }
}

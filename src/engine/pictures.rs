//! Pictures of a request: where they come from, and what the model makes of them.

use std::rc::Rc;

use super::cache::ContentKey;
use super::{Engine, Error, Observer};
use crate::api::{Content, ImageRef, RerankRequest, VideoRef};
use crate::bytes::LocalBoxFuture;
use crate::media::{self, FrameTiming, MediaError, Patches, Picture, SizeLimits, VideoOptions};
use crate::model::{Pass, VisionFeatures, VisionTower};
use crate::prompt::VisualPlaceholder;

/// Where the engine gets the pictures that a request names. Each door has its own.
pub trait PictureSource {
    /// Reads and decodes one picture.
    fn open<'a>(&'a self, image: &'a ImageRef) -> LocalBoxFuture<'a, Result<Picture, MediaError>>;
}

/// No pictures: for requests of text.
pub struct NoPictures;

impl PictureSource for NoPictures {
    fn open<'a>(&'a self, _: &'a ImageRef) -> LocalBoxFuture<'a, Result<Picture, MediaError>> {
        Box::pin(std::future::ready(Err(MediaError::Unavailable("this caller takes text only".into()))))
    }
}

/// What a query or a document shows, as the prompt and as the model needs it, in the same order.
#[derive(Default)]
pub(super) struct Seen {
    pub visuals: Vec<VisualPlaceholder>,
    pub features: Vec<Rc<VisionFeatures>>,
    pub keys: Vec<ContentKey>,
}

/// Sees the pictures of one request.
pub(super) struct Eyes<'a> {
    engine: &'a Engine,
    limits: SizeLimits,
    video: VideoOptions,
    source: &'a dyn PictureSource,
    observer: &'a Observer<'a>,
}

/// Says whose picture it was that failed.
type Named<'a> = &'a dyn Fn(MediaError) -> Error;

impl<'a> Eyes<'a> {
    pub fn new(
        engine: &'a Engine,
        request: &RerankRequest,
        source: &'a dyn PictureSource,
        observer: &'a Observer<'a>,
    ) -> Self {
        let usual = VideoOptions::default();
        let video = VideoOptions {
            fps: request.fps.unwrap_or(usual.fps),
            max_frames: request.max_frames.unwrap_or(usual.max_frames),
            ..usual
        };
        Self { engine, limits: engine.image_limits, video, source, observer }
    }

    /// Videos first, then pictures, as in the reference. `place` names the content in messages.
    pub async fn see(&self, content: &Content, place: impl Fn() -> String) -> Result<Seen, Error> {
        let mut seen = Seen::default();
        // Where there is no tower, a request with pictures was refused before.
        let Some(tower) = self.engine.model().vision() else { return Ok(seen) };
        let named = |source: MediaError| Error::Media { place: place(), source };
        for video in &content.videos {
            self.video(tower, video, &named, &mut seen).await?;
        }
        for image in &content.images {
            self.image(tower, image, &named, &mut seen).await?;
        }
        Ok(seen)
    }

    async fn image(
        &self,
        tower: &VisionTower,
        image: &ImageRef,
        named: Named<'_>,
        seen: &mut Seen,
    ) -> Result<(), Error> {
        let picture = self.source.open(image).await.map_err(named)?;
        let key = ContentKey::of(std::slice::from_ref(&picture), "still");
        let cut = || media::image_patches(&picture, &tower.geometry(), &self.limits).map_err(named);
        let features = self.features(tower, key, cut).await?;
        seen.visuals.push(VisualPlaceholder::Image { tokens: features.tokens_of_a_step() });
        seen.features.push(features);
        seen.keys.push(key);
        Ok(())
    }

    async fn video(
        &self,
        tower: &VisionTower,
        video: &VideoRef,
        named: Named<'_>,
        seen: &mut Seen,
    ) -> Result<(), Error> {
        let timing = match (&video.timestamps, video.fps) {
            (Some(times), _) => FrameTiming::Timestamps(times.clone()),
            (None, Some(fps)) => FrameTiming::Sampled { fps },
            (None, None) => FrameTiming::FrameList,
        };
        let selected = media::select_frames(video.frames.len(), &timing, &self.video).map_err(named)?;
        let mut frames = Vec::with_capacity(selected.len());
        for &index in &selected {
            frames.push(self.source.open(&video.frames[index]).await.map_err(named)?);
        }
        let key = ContentKey::of(&frames, &format!("{timing:?} {:?}", self.video));
        let geometry = tower.geometry();
        let cut = || {
            let video = media::video_patches(&frames, &selected, &timing, &geometry, &self.video);
            video.map(|video| video.patches).map_err(named)
        };
        let features = self.features(tower, key, cut).await?;
        let steps = selected.len().div_ceil(geometry.temporal);
        let times = media::step_timestamps(&selected, steps, &timing, geometry.temporal);
        let timestamps = times.into_iter().map(media::format_timestamp).collect();
        seen.visuals.push(VisualPlaceholder::Video { tokens: features.tokens_of_a_step(), timestamps });
        seen.features.push(features);
        seen.keys.push(key);
        Ok(())
    }

    /// What was seen before is not computed again, in this request or a later one.
    async fn features(
        &self,
        tower: &VisionTower,
        key: ContentKey,
        patches: impl FnOnce() -> Result<Patches, Error>,
    ) -> Result<Rc<VisionFeatures>, Error> {
        let cache = &self.engine.vision_cache;
        if self.engine.savings.vision_cache
            && let Some(features) = cache.borrow_mut().get(key)
        {
            return Ok(features);
        }
        let pass = Pass { max_rows: self.engine.budget.get().rows(), turns: self.observer, ..Pass::default() };
        let features = Rc::new(tower.forward(&patches()?, pass).await?);
        if self.engine.savings.vision_cache {
            cache.borrow_mut().put(key, features.clone());
        }
        Ok(features)
    }
}

//! From the images and videos of a request to features.

use std::rc::Rc;

use super::content_hash::ContentHash;
use super::error::Error;
use super::observer::Observer;
use super::pictures::PictureSource;
use super::runtime::Runtime;
use crate::api::{Content, ImageRef, VideoRef};
use crate::media::{self, FrameTiming, MediaError, Patches, SizeLimits, VideoOptions};
use crate::model::{ForwardOptions, VisionFeatures, VisionTower};
use crate::prompt::VisualPlaceholder;

/// The images and videos of a query or document in order, as the prompt and the model need them.
#[derive(Default)]
pub struct EncodedVisuals {
    pub visuals: Vec<VisualPlaceholder>,
    pub features: Vec<Rc<VisionFeatures>>,
    pub hashes: Vec<ContentHash>,
}

/// How a request samples the frames of videos, where it says so.
#[derive(Clone, Copy, Default)]
pub struct VideoSampling {
    pub fps: Option<f64>,
    pub max_frames: Option<usize>,
}

/// Computes the features of one request's images and videos.
pub struct VisualEncoder<'a> {
    tower: Option<&'a VisionTower>,
    runtime: &'a Runtime,
    limits: SizeLimits,
    video: VideoOptions,
    source: &'a dyn PictureSource,
    observer: &'a Observer<'a>,
}

/// Adds the name of the query or document to an error.
type WithPlace<'a> = &'a dyn Fn(MediaError) -> Error;

impl<'a> VisualEncoder<'a> {
    pub fn new(
        tower: Option<&'a VisionTower>,
        runtime: &'a Runtime,
        sampling: VideoSampling,
        source: &'a dyn PictureSource,
        observer: &'a Observer<'a>,
    ) -> Self {
        let default = VideoOptions::default();
        let video = VideoOptions {
            fps: sampling.fps.unwrap_or(default.fps),
            max_frames: sampling.max_frames.unwrap_or(default.max_frames),
            ..default
        };
        Self { tower, runtime, limits: runtime.image_limits, video, source, observer }
    }

    /// Videos first, then images, like the reference implementation. `place` names the content in messages.
    pub async fn encode(&self, content: &Content, place: impl Fn() -> String) -> Result<EncodedVisuals, Error> {
        let mut encoded = EncodedVisuals::default();
        // Without a tower, a request with images has been refused already.
        let Some(tower) = self.tower else { return Ok(encoded) };
        let with_place = |source: MediaError| Error::Media { place: place(), source };
        for video in &content.videos {
            self.encode_video(tower, video, &with_place, &mut encoded).await?;
        }
        for image in &content.images {
            self.encode_image(tower, image, &with_place, &mut encoded).await?;
        }
        Ok(encoded)
    }

    async fn encode_image(
        &self,
        tower: &VisionTower,
        image: &ImageRef,
        with_place: WithPlace<'_>,
        encoded: &mut EncodedVisuals,
    ) -> Result<(), Error> {
        let picture = self.source.open(image).await.map_err(with_place)?;
        let hash = ContentHash::of_pictures(std::slice::from_ref(&picture), "image");
        let patches = || media::image_patches(&picture, &tower.geometry(), &self.limits).map_err(with_place);
        let features = self.features(tower, hash, patches).await?;
        encoded.visuals.push(VisualPlaceholder::Image { tokens: features.tokens_per_step() });
        encoded.features.push(features);
        encoded.hashes.push(hash);
        Ok(())
    }

    async fn encode_video(
        &self,
        tower: &VisionTower,
        video: &VideoRef,
        with_place: WithPlace<'_>,
        encoded: &mut EncodedVisuals,
    ) -> Result<(), Error> {
        let timing = match (&video.timestamps, video.fps) {
            (Some(times), _) => FrameTiming::Timestamps(times.clone()),
            (None, Some(fps)) => FrameTiming::Sampled { fps },
            (None, None) => FrameTiming::FrameList,
        };
        let selected = media::select_frames(video.frames.len(), &timing, &self.video).map_err(with_place)?;
        let mut frames = Vec::with_capacity(selected.len());
        for &index in &selected {
            frames.push(self.source.open(&video.frames[index]).await.map_err(with_place)?);
        }
        let hash = ContentHash::of_pictures(&frames, &format!("{timing:?} {:?}", self.video));
        let geometry = tower.geometry();
        let patches = || {
            let video = media::video_patches(&frames, &selected, &timing, &geometry, &self.video);
            video.map(|video| video.patches).map_err(with_place)
        };
        let features = self.features(tower, hash, patches).await?;
        let steps = selected.len().div_ceil(geometry.temporal);
        let times = media::step_timestamps(&selected, steps, &timing, geometry.temporal);
        let timestamps = times.into_iter().map(media::format_timestamp).collect();
        encoded.visuals.push(VisualPlaceholder::Video { tokens: features.tokens_per_step(), timestamps });
        encoded.features.push(features);
        encoded.hashes.push(hash);
        Ok(())
    }

    /// The features of content, from the cache if it was seen in this request or an earlier one.
    async fn features(
        &self,
        tower: &VisionTower,
        hash: ContentHash,
        patches: impl FnOnce() -> Result<Patches, Error>,
    ) -> Result<Rc<VisionFeatures>, Error> {
        let cache = &self.runtime.vision_cache;
        let enabled = self.runtime.optimizations.vision_cache;
        if enabled && let Some(features) = cache.borrow_mut().get(hash) {
            return Ok(features);
        }
        let options = ForwardOptions {
            max_rows: self.runtime.max_rows(),
            yield_point: self.observer,
            ..ForwardOptions::default()
        };
        let features = Rc::new(tower.forward(&patches()?, options).await?);
        if enabled {
            cache.borrow_mut().insert(hash, features.clone());
        }
        Ok(features)
    }
}

//! Videos, given as frames: which frames are used, how large they become, and at what times they are.

use super::error::{MediaError, VideoError};
use super::patches::{PatchGeometry, Patches, cut_patches};
use super::picture::Picture;
use super::resize::resize;
use super::resize_torch::resize_torch;
use super::smart_resize::{SizeLimits, smart_resize};

/// The frame rate that the reference assumes of a list of frames.
const NOMINAL_FPS: f64 = 2.0;
/// The fewest frames that are sampled from a video, if it has as many.
const MIN_FRAMES: usize = 4;
/// Bounds of a frame's pixels: 128 and 768 tokens for each temporal step.
const MIN_FRAME_PIXELS: usize = 128 * 32 * 32;
const MAX_FRAME_PIXELS: usize = 768 * 32 * 32;
/// Bounds of the pixels of a listed frame in [`pre_resize`].
const LISTED_FRAME_LIMITS: SizeLimits = SizeLimits { min_pixels: 4 * 64 * 64, max_pixels: 16384 * 64 * 64 };
/// The reference's budget of pixels for all frames of a video file.
const VIDEO_TOTAL_PIXELS: f64 = 128_000.0 * 32.0 * 32.0 * 0.9;

/// What is known about the times of frames.
#[derive(Debug, Clone, PartialEq)]
pub enum FrameTiming {
    /// Nothing: they are a list of pictures.
    FrameList,
    /// They are all frames of a video with this rate, and are sampled.
    Sampled {
        /// Frames per second.
        fps: f64,
    },
    /// The time of each frame in seconds; the caller has sampled the video.
    Timestamps(Vec<f64>),
}

/// How a video is sampled and resized.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VideoOptions {
    /// Frames per second that are taken of a video whose own rate is known.
    pub fps: f64,
    /// The most frames that are taken.
    pub max_frames: usize,
    /// The budget of pixels for all frames of a list.
    pub total_pixels: usize,
}

impl Default for VideoOptions {
    fn default() -> Self {
        Self { fps: 1.0, max_frames: 64, total_pixels: 10 * 768 * 1024 }
    }
}

/// The patches of a video.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoPatches {
    /// The patches of all temporal steps.
    pub patches: Patches,
    /// The time of each temporal step in seconds.
    pub timestamps: Vec<f64>,
}

/// The indices of the frames that are used, so that the others need not be decoded.
pub fn select_frames(count: usize, timing: &FrameTiming, options: &VideoOptions) -> Result<Vec<usize>, MediaError> {
    if count == 0 {
        return Err(VideoError::NoFrames.into());
    }
    match timing {
        FrameTiming::Sampled { fps } => Ok(sample_frames(count, *fps, options)?),
        FrameTiming::Timestamps(times) if times.len() != count => Err(VideoError::TimestampCount.into()),
        FrameTiming::FrameList | FrameTiming::Timestamps(_) => {
            let wanted = options.max_frames.max(1);
            // Truncated, where `sample_frames` rounds: the reference does so for lists.
            Ok(if count > wanted {
                linspace(count, wanted).map(|at| at as usize).collect()
            } else {
                (0..count).collect()
            })
        }
    }
}

/// An even number of frames, evenly spaced, at the wanted rate as far as the limits allow.
fn sample_frames(count: usize, fps: f64, options: &VideoOptions) -> Result<Vec<usize>, VideoError> {
    if !(fps > 0.0 && fps.is_finite() && options.fps > 0.0) {
        return Err(VideoError::InvalidRate);
    }
    let most = options.max_frames.min(count) / 2 * 2;
    let wanted = (count as f64 / fps * options.fps).clamp(MIN_FRAMES.min(most) as f64, most as f64);
    let wanted = wanted as usize / 2 * 2;
    if wanted < 2 {
        return Err(VideoError::TooFewFrames);
    }
    Ok(linspace(count, wanted).map(|at| at.round_ties_even() as usize).collect())
}

/// `len` evenly spaced positions from the first to the last of `count` frames, computed as numpy's `linspace` does.
fn linspace(count: usize, len: usize) -> impl Iterator<Item = f64> {
    let step = if len > 1 { (count - 1) as f64 / (len - 1) as f64 } else { 0.0 };
    (0..len).map(move |i| if i > 0 && i + 1 == len { (count - 1) as f64 } else { i as f64 * step })
}

/// Resizes and cuts the frames with the indices `selected`.
pub fn video_patches(
    frames: &[Picture],
    selected: &[usize],
    timing: &FrameTiming,
    geometry: &PatchGeometry,
    options: &VideoOptions,
) -> Result<VideoPatches, MediaError> {
    if frames.is_empty() || frames.len() != selected.len() {
        return Err(VideoError::FrameCount.into());
    }
    let is_list = !matches!(timing, FrameTiming::Sampled { .. });
    let prepared = frames.iter().map(|frame| if is_list { pre_resize(frame) } else { Ok(frame.clone()) });
    let mut prepared = prepared.collect::<Result<Vec<_>, _>>()?;
    // Compared here because the reference, too, accepts listed frames that only become equal by the first resize.
    let (height, width) = (prepared[0].height, prepared[0].width);
    if prepared.iter().any(|frame| (frame.height, frame.width) != (height, width)) {
        return Err(VideoError::FrameSizes.into());
    }
    let steps = prepared.len().div_ceil(geometry.temporal);
    // The last frame is repeated to fill the last temporal step.
    let last = prepared[prepared.len() - 1].clone();
    prepared.resize(steps * geometry.temporal, last);
    let limits = frame_limits(prepared.len(), is_list, options);
    let (height, width) = smart_resize(height, width, geometry.factor(), &limits)?;
    let resized: Vec<Picture> = prepared.iter().map(|frame| resize_torch(frame, width, height)).collect();
    let patches = cut_patches(&resized.iter().collect::<Vec<_>>(), geometry);
    Ok(VideoPatches { patches, timestamps: step_timestamps(selected, steps, timing, geometry.temporal) })
}

/// Resizes a listed frame to multiples of 64. The reference does this by accident: it passes the size of a token to a
/// function that expects that of a patch. Scores are only reproduced if it is done here too.
pub(super) fn pre_resize(frame: &Picture) -> Result<Picture, MediaError> {
    let (height, width) = smart_resize(frame.height, frame.width, 64, &LISTED_FRAME_LIMITS)?;
    Ok(resize(frame, width, height))
}

/// The bounds of a frame's pixels when `frames` of them share the budget.
pub(super) fn frame_limits(frames: usize, is_list: bool, options: &VideoOptions) -> SizeLimits {
    let total = if is_list { options.total_pixels as f64 } else { VIDEO_TOTAL_PIXELS };
    let share = (total / frames as f64 * 2.0).min(MAX_FRAME_PIXELS as f64) as usize;
    SizeLimits { min_pixels: MIN_FRAME_PIXELS, max_pixels: share.max((MIN_FRAME_PIXELS as f64 * 1.05) as usize) }
}

/// The time of each temporal step in seconds: the mean of the times of its first and last frames.
pub fn step_timestamps(selected: &[usize], steps: usize, timing: &FrameTiming, temporal: usize) -> Vec<f64> {
    let time = |position: usize| match timing {
        // The reference numbers the frames of a list after sampling, so that gaps do not count.
        FrameTiming::FrameList => position as f64 / NOMINAL_FPS,
        FrameTiming::Sampled { fps } => selected[position.min(selected.len() - 1)] as f64 / fps,
        FrameTiming::Timestamps(times) => times[selected[position.min(selected.len() - 1)]],
    };
    (0..steps).map(|step| (time(step * temporal) + time((step + 1) * temporal - 1)) / 2.0).collect()
}

/// A timestamp in the prompt: one decimal, rounded like Python's `:.1f`.
pub fn format_timestamp(seconds: f64) -> String {
    format!("<{seconds:.1} seconds>")
}

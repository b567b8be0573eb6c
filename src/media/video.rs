//! Videos as frames: which of them are looked at, how large, and when each was.

use super::patches::cut;
use super::resample::resample;
use super::{Geometry, MediaError, Patches, Picture, SizeLimits, resize, smart_resize};

/// The rate that the reference assumes of frames whose times nobody knows.
const NOMINAL_FPS: f64 = 2.0;
/// The fewest frames that are taken of a real video, where it has as many.
const MIN_FRAMES: usize = 4;
/// The fewest pixels of a video's frame, and the most: 128 and 768 tokens for each step.
const MIN_FRAME_PIXELS: usize = 128 * 32 * 32;
const MAX_FRAME_PIXELS: usize = 768 * 32 * 32;
/// Bounds of the frames of a list before they are resized as a video's.
const LISTED_FRAME: SizeLimits = SizeLimits { min_pixels: 4 * 64 * 64, max_pixels: 16384 * 64 * 64 };
/// Pixels of all frames of a video file together, in the reference.
const FILE_TOTAL_PIXELS: f64 = 128_000.0 * 32.0 * 32.0 * 0.9;

/// What is known about the times of frames.
#[derive(Debug, Clone, PartialEq)]
pub enum Timing {
    /// Nothing.
    FrameList,
    /// They are all frames of a video of that rate, and are sampled.
    Sampled {
        /// Frames a second.
        fps: f64,
    },
    /// Seconds of each of them; the caller sampled the video.
    Timestamps(Vec<f64>),
}

/// How a video is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VideoOptions {
    /// Frames a second, of a video whose own rate is known.
    pub fps: f64,
    /// The most frames.
    pub max_frames: usize,
    /// Pixels of all frames of a list together.
    pub total_pixels: usize,
}

impl Default for VideoOptions {
    fn default() -> Self {
        Self { fps: 1.0, max_frames: 64, total_pixels: 10 * 768 * 1024 }
    }
}

/// A video, cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Video {
    /// Its patches.
    pub patches: Patches,
    /// Seconds of each step: the mean of its frames'.
    pub timestamps: Vec<f64>,
}

/// The numbers of the frames that are looked at, so that no other need be decoded.
pub fn selected_frames(count: usize, timing: &Timing, options: &VideoOptions) -> Result<Vec<usize>, MediaError> {
    let invalid = |what: &str| Err(MediaError::Video(what.to_owned()));
    if count == 0 {
        return invalid("it has no frames");
    }
    let Timing::Sampled { fps } = timing else {
        let wanted = options.max_frames.max(1);
        // Truncated towards zero, as the reference does for lists.
        return Ok(if count > wanted {
            spread(count, wanted).map(|at| at as usize).collect()
        } else {
            (0..count).collect()
        });
    };
    if !(*fps > 0.0 && fps.is_finite() && options.fps > 0.0) {
        return invalid("its rate must be above 0");
    }
    let most = options.max_frames.min(count) / 2 * 2;
    let wanted = (count as f64 / fps * options.fps).clamp(MIN_FRAMES.min(most) as f64, most as f64);
    let wanted = wanted as usize / 2 * 2;
    if wanted < 2 {
        return invalid("fewer than two of its frames would be looked at");
    }
    Ok(spread(count, wanted).map(|at| at.round_ties_even() as usize).collect())
}

/// So many places from the first frame to the last.
fn spread(count: usize, places: usize) -> impl Iterator<Item = f64> {
    let step = if places > 1 { (count - 1) as f64 / (places - 1) as f64 } else { 0.0 };
    (0..places).map(move |i| if i > 0 && i + 1 == places { (count - 1) as f64 } else { i as f64 * step })
}

/// Resizes and cuts the frames that `selected` names.
pub fn video(
    frames: &[Picture],
    selected: &[usize],
    timing: &Timing,
    geometry: &Geometry,
    options: &VideoOptions,
) -> Result<Video, MediaError> {
    if frames.is_empty() || frames.len() != selected.len() {
        return Err(MediaError::Video("its frames are not those that were selected".into()));
    }
    let listed = !matches!(timing, Timing::Sampled { .. });
    let snapped = frames.iter().map(|frame| if listed { snap(frame) } else { Ok(frame.clone()) });
    let mut snapped = snapped.collect::<Result<Vec<_>, _>>()?;
    // Listed frames may differ before: the reference, too, looks at what they were resized to.
    if snapped.iter().any(|f| (f.width, f.height) != (snapped[0].width, snapped[0].height)) {
        return Err(MediaError::Video("its frames differ in size".into()));
    }
    let steps = snapped.len().div_ceil(geometry.temporal);
    // The last frame is repeated until the last step is full.
    let last = snapped[snapped.len() - 1].clone();
    snapped.resize(steps * geometry.temporal, last);
    let limits = frame_limits(snapped.len(), listed, options);
    let (height, width) = smart_resize(snapped[0].height, snapped[0].width, geometry.factor(), &limits)?;
    let resized: Vec<Picture> = snapped.iter().map(|frame| resample(frame, width, height)).collect();
    let patches = cut(&resized.iter().collect::<Vec<_>>(), geometry);
    Ok(Video { patches, timestamps: timestamps(selected, steps, timing, geometry.temporal) })
}

/// The reference hands its token size to a function that expects a patch size, so that each frame of a list is first
/// resized to multiples of twice a token. A score is only the reference's if this is done too.
pub(super) fn snap(frame: &Picture) -> Result<Picture, MediaError> {
    let (height, width) = smart_resize(frame.height, frame.width, 64, &LISTED_FRAME)?;
    Ok(resize(frame, width, height))
}

pub(super) fn frame_limits(frames: usize, listed: bool, options: &VideoOptions) -> SizeLimits {
    let total = if listed { options.total_pixels as f64 } else { FILE_TOTAL_PIXELS };
    let share = (total / frames as f64 * 2.0).min(MAX_FRAME_PIXELS as f64) as usize;
    SizeLimits { min_pixels: MIN_FRAME_PIXELS, max_pixels: share.max((MIN_FRAME_PIXELS as f64 * 1.05) as usize) }
}

/// Seconds of each step: the mean of its first and its last frame's.
pub fn timestamps(selected: &[usize], steps: usize, timing: &Timing, temporal: usize) -> Vec<f64> {
    let time = |place: usize| match timing {
        // The frames of a list are numbered anew after some were left out.
        Timing::FrameList => place as f64 / NOMINAL_FPS,
        Timing::Sampled { fps } => selected[place.min(selected.len() - 1)] as f64 / fps,
        Timing::Timestamps(times) => times[selected[place.min(selected.len() - 1)]],
    };
    (0..steps).map(|step| (time(step * temporal) + time((step + 1) * temporal - 1)) / 2.0).collect()
}

/// The text by which a prompt tells the time of a step: one decimal, ties of the binary value to even.
pub fn timestamp_text(seconds: f64) -> String {
    format!("<{seconds:.1} seconds>")
}

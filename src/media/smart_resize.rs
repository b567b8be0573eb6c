//! The size to which a picture is resized before it is cut into patches.

use super::error::MediaError;

/// The reference's limit on the ratio of the sides.
const MAX_ASPECT_RATIO: usize = 200;

/// Bounds of the number of pixels after resizing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeLimits {
    /// Pictures with fewer pixels are enlarged.
    pub min_pixels: usize,
    /// Pictures with more pixels are reduced.
    pub max_pixels: usize,
}

impl SizeLimits {
    /// Qwen3-VL's 4 to 1,280 tokens, as in the configuration published with the weights.
    pub const QWEN3: Self = Self { min_pixels: 4_096, max_pixels: 1_310_720 };

    /// The same with another maximum, which a minimum above it follows.
    pub fn up_to(self, max_pixels: usize) -> Self {
        Self { min_pixels: self.min_pixels.min(max_pixels), max_pixels }
    }
}

/// Height and width, as multiples of `factor` within the limits, that keep the aspect ratio as well as they can. Named
/// after the function of Qwen's reference code.
pub fn smart_resize(
    height: usize,
    width: usize,
    factor: usize,
    limits: &SizeLimits,
) -> Result<(usize, usize), MediaError> {
    let too_thin = || MediaError::AspectRatio { width, height, limit: MAX_ASPECT_RATIO };
    let (long, short) = (height.max(width), height.min(width));
    if short == 0 || long > MAX_ASPECT_RATIO * short {
        return Err(too_thin());
    }
    let (h, w, f) = (height as f64, width as f64, factor as f64);
    let nearest = |side: f64| factor.max((side / f).round_ties_even() as usize * factor);
    let (mut rows, mut columns) = (nearest(h), nearest(w));
    if rows * columns > limits.max_pixels {
        let beta = (h * w / limits.max_pixels as f64).sqrt();
        let reduced = |side: f64| (side / beta / f).floor() as usize * factor;
        (rows, columns) = (reduced(h), reduced(w));
    } else if rows * columns < limits.min_pixels {
        let beta = (limits.min_pixels as f64 / (h * w)).sqrt();
        let enlarged = |side: f64| (side * beta / f).ceil() as usize * factor;
        (rows, columns) = (enlarged(h), enlarged(w));
    }
    // Reducing a thin picture can round a side down to nothing. The reference fails on it too.
    if rows == 0 || columns == 0 { Err(too_thin()) } else { Ok((rows, columns)) }
}

//! The size at which a picture is shown to the model.

use super::MediaError;

/// One side may be so many times the other, as in the reference.
const MAX_ASPECT_RATIO: usize = 200;

/// How many pixels a picture is shown with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeLimits {
    /// Smaller pictures are made larger.
    pub min_pixels: usize,
    /// Larger pictures are made smaller.
    pub max_pixels: usize,
}

impl Default for SizeLimits {
    /// Four tokens to 1,280 tokens: what was shipped with the published weights.
    fn default() -> Self {
        Self { min_pixels: 4_096, max_pixels: 1_310_720 }
    }
}

/// Height and width in multiples of `factor` within the limits, close to the shape that was given.
pub fn smart_resize(
    height: usize,
    width: usize,
    factor: usize,
    limits: &SizeLimits,
) -> Result<(usize, usize), MediaError> {
    let thin = MediaError::AspectRatio { width, height, limit: MAX_ASPECT_RATIO };
    let (long, short) = (height.max(width), height.min(width));
    if short == 0 || long > MAX_ASPECT_RATIO * short {
        return Err(thin);
    }
    let (h, w, f) = (height as f64, width as f64, factor as f64);
    let nearest = |side: f64| factor.max((side / f).round_ties_even() as usize * factor);
    let (mut rows, mut columns) = (nearest(h), nearest(w));
    if rows * columns > limits.max_pixels {
        let beta = (h * w / limits.max_pixels as f64).sqrt();
        let down = |side: f64| (side / beta / f).floor() as usize * factor;
        (rows, columns) = (down(h), down(w));
    } else if rows * columns < limits.min_pixels {
        let beta = (limits.min_pixels as f64 / (h * w)).sqrt();
        let up = |side: f64| (side * beta / f).ceil() as usize * factor;
        (rows, columns) = (up(h), up(w));
    }
    // A thin picture that is made smaller can lose a side altogether; the reference then fails too.
    if rows == 0 || columns == 0 { Err(thin) } else { Ok((rows, columns)) }
}

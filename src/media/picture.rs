//! A decoded picture.

use super::MediaError;

/// Eight-bit red, green and blue, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) rgb: Vec<u8>,
}

impl Picture {
    /// From three bytes a pixel.
    pub fn from_rgb(width: usize, height: usize, rgb: Vec<u8>) -> Result<Self, MediaError> {
        check(width, height, 3, rgb.len())?;
        Ok(Self { width, height, rgb })
    }

    /// From four bytes a pixel, laid on white as the reference does: in integers, rounded.
    pub fn from_rgba(width: usize, height: usize, rgba: &[u8]) -> Result<Self, MediaError> {
        check(width, height, 4, rgba.len())?;
        let over_white = |value: u8, alpha: u8| {
            let (value, alpha) = (u32::from(value), u32::from(alpha));
            of_255(value * alpha + 255 * (255 - alpha))
        };
        let mut rgb = Vec::with_capacity(width * height * 3);
        for pixel in rgba.chunks_exact(4) {
            rgb.extend(pixel[..3].iter().map(|&value| over_white(value, pixel[3])));
        }
        Ok(Self { width, height, rgb })
    }

    /// Pixels from left to right.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Pixels from top to bottom.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Its bytes.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }
}

/// A product of two bytes divided by 255 and rounded, as the reference's library does it.
fn of_255(product: u32) -> u8 {
    let sum = product + 128;
    (((sum >> 8) + sum) >> 8) as u8
}

/// A byte as the part of another that it is of 255.
pub(super) fn scaled_by(value: u8, whole: u8) -> u8 {
    of_255(u32::from(value) * u32::from(whole))
}

fn check(width: usize, height: usize, channels: usize, len: usize) -> Result<(), MediaError> {
    let want = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(channels));
    if width == 0 || height == 0 || want != Some(len) { Err(MediaError::Pixels) } else { Ok(()) }
}

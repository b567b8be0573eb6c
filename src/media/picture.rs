//! A decoded picture.

use super::error::MediaError;

/// A picture of eight-bit red, green and blue, row by row from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) rgb: Vec<u8>,
}

impl Picture {
    /// From three bytes a pixel.
    pub fn from_rgb(width: usize, height: usize, rgb: Vec<u8>) -> Result<Self, MediaError> {
        check_length(width, height, 3, rgb.len())?;
        Ok(Self { width, height, rgb })
    }

    /// From four bytes a pixel, composited on white in Pillow's integer arithmetic.
    pub fn from_rgba(width: usize, height: usize, rgba: &[u8]) -> Result<Self, MediaError> {
        check_length(width, height, 4, rgba.len())?;
        let over_white = |value: u8, alpha: u8| {
            let (value, alpha) = (u32::from(value), u32::from(alpha));
            div_255(value * alpha + 255 * (255 - alpha))
        };
        let mut rgb = Vec::with_capacity(width * height * 3);
        for pixel in rgba.chunks_exact(4) {
            rgb.extend(pixel[..3].iter().map(|&value| over_white(value, pixel[3])));
        }
        Ok(Self { width, height, rgb })
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Red, green and blue of each pixel.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }
}

/// Division of a product of two bytes by 255, rounded as Pillow's `MULDIV255` rounds it.
fn div_255(product: u32) -> u8 {
    let sum = product + 128;
    (((sum >> 8) + sum) >> 8) as u8
}

/// `a × b / 255`, rounded.
pub(super) fn mul_div_255(a: u8, b: u8) -> u8 {
    div_255(u32::from(a) * u32::from(b))
}

fn check_length(width: usize, height: usize, channels: usize, len: usize) -> Result<(), MediaError> {
    let expected = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(channels));
    if width == 0 || height == 0 || expected != Some(len) { Err(MediaError::SizeMismatch) } else { Ok(()) }
}

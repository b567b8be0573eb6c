//! Pixels, cut into the rows that a vision tower takes.

use super::error::MediaError;
use super::picture::Picture;
use super::pixel_scale::PixelScale;
use super::resize::resize;
use super::smart_resize::{SizeLimits, smart_resize};

/// The sizes of a vision tower's patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatchGeometry {
    /// Side of a patch in pixels.
    pub patch: usize,
    /// Frames of a patch.
    pub temporal: usize,
    /// Side, in patches, of the square that is merged into one token.
    pub merge: usize,
    /// What its patches hold for each byte of a picture.
    pub scale: PixelScale,
}

impl PatchGeometry {
    /// Side of a token in pixels, of which the sides of a resized picture are multiples.
    pub fn factor(&self) -> usize {
        self.patch * self.merge
    }
}

/// The patches of a picture or a video.
#[derive(Debug, Clone, PartialEq)]
pub struct Patches {
    /// Temporal steps, and rows and columns of patches.
    pub grid: [usize; 3],
    /// For each patch its values, ordered by channel, frame, row and column. The patches of a token are
    /// adjacent.
    pub rows: Vec<f32>,
}

/// The patches of a still image, which is repeated for each frame of its single temporal step.
pub fn image_patches(picture: &Picture, geometry: &PatchGeometry, limits: &SizeLimits) -> Result<Patches, MediaError> {
    let (height, width) = smart_resize(picture.height, picture.width, geometry.factor(), limits)?;
    let resized = resize(picture, width, height);
    Ok(cut_patches(&vec![&resized; geometry.temporal], geometry))
}

/// Cuts frames of one size. Their number is a multiple of `temporal`, and their sides are multiples of the factor.
pub(super) fn cut_patches(frames: &[&Picture], geometry: &PatchGeometry) -> Patches {
    let &PatchGeometry { patch, temporal, merge, scale } = geometry;
    let values = scale.values();
    let (height, width) = (frames[0].height / patch, frames[0].width / patch);
    let grid = [frames.len() / temporal, height, width];
    let mut rows = Vec::with_capacity(grid.iter().product::<usize>() * 3 * temporal * patch * patch);
    for step in frames.chunks_exact(temporal) {
        for top in (0..height).step_by(merge) {
            for left in (0..width).step_by(merge) {
                for i in 0..merge * merge {
                    push_patch(step, top + i / merge, left + i % merge, patch, &values, &mut rows);
                }
            }
        }
    }
    Patches { grid, rows }
}

fn push_patch(
    step: &[&Picture],
    row: usize,
    column: usize,
    patch: usize,
    values: &[[f32; 256]; 3],
    rows: &mut Vec<f32>,
) {
    for (channel, values) in values.iter().enumerate() {
        for frame in step {
            for y in row * patch..(row + 1) * patch {
                let start = (y * frame.width + column * patch) * 3 + channel;
                let pixels = frame.rgb[start..].iter().step_by(3).take(patch);
                rows.extend(pixels.map(|&value| values[usize::from(value)]));
            }
        }
    }
}

//! From pixels to the rows that a vision tower takes.

use super::{MediaError, Picture, SizeLimits, resize, smart_resize};

/// How a tower wants pictures to be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Pixels of a patch's side.
    pub patch: usize,
    /// Frames of a patch.
    pub temporal: usize,
    /// Patches of the side of a square that becomes one token.
    pub merge: usize,
}

impl Geometry {
    /// Pixels of the side of a token; sizes are multiples of it.
    pub fn factor(&self) -> usize {
        self.patch * self.merge
    }
}

/// A picture or video, cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Patches {
    /// Steps in time, rows and columns of patches.
    pub grid: [usize; 3],
    /// One row for each patch: colour, frame, then its pixels, each as -1 to 1. Patches that become one token follow
    /// each other.
    pub rows: Vec<f32>,
}

/// Resizes and cuts a still picture. It stands for all frames of its one step.
pub fn still(picture: &Picture, geometry: &Geometry, limits: &SizeLimits) -> Result<Patches, MediaError> {
    let (height, width) = smart_resize(picture.height, picture.width, geometry.factor(), limits)?;
    let resized = resize(picture, width, height);
    Ok(cut(&vec![&resized; geometry.temporal], geometry))
}

/// Cuts frames of one size, a whole number of steps and of tokens.
pub(super) fn cut(frames: &[&Picture], geometry: &Geometry) -> Patches {
    let &Geometry { patch, temporal, merge } = geometry;
    let (height, width) = (frames[0].height / patch, frames[0].width / patch);
    let grid = [frames.len() / temporal, height, width];
    let mut rows = Vec::with_capacity(grid.iter().product::<usize>() * 3 * temporal * patch * patch);
    for step in frames.chunks_exact(temporal) {
        for top in (0..height).step_by(merge) {
            for left in (0..width).step_by(merge) {
                for i in 0..merge * merge {
                    push_patch(step, top + i / merge, left + i % merge, patch, &mut rows);
                }
            }
        }
    }
    Patches { grid, rows }
}

fn push_patch(step: &[&Picture], row: usize, column: usize, patch: usize, rows: &mut Vec<f32>) {
    for colour in 0..3 {
        for frame in step {
            for y in row * patch..(row + 1) * patch {
                let start = (y * frame.width + column * patch) * 3 + colour;
                let pixels = frame.rgb[start..].iter().step_by(3).take(patch);
                rows.extend(pixels.map(|&value| (f32::from(value) - 127.5) / 127.5));
            }
        }
    }
}

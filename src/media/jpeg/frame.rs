//! The frame: the picture's size and its components.

use super::super::error::MediaError;
use super::component::Component;
use super::error::{malformed, unsupported};
use super::headers::{ComponentHeader, FrameHeader};
use super::plane::Plane;

/// The format's limit on the blocks of a minimum coded unit with several components.
const MAX_BLOCKS_OF_A_UNIT: usize = 10;

pub(super) struct Frame {
    pub width: usize,
    pub height: usize,
    pub progressive: bool,
    /// Minimum coded units of a scan with several components.
    pub units_wide: usize,
    pub units_high: usize,
    pub components: Vec<Component>,
    max_horizontal: usize,
    max_vertical: usize,
}

impl Frame {
    /// Allocates the frame of a file of `file_len` bytes, unless the file is too short for it: each block takes at least
    /// one bit.
    pub fn new(header: &FrameHeader, file_len: usize) -> Result<Self, MediaError> {
        let max_horizontal = header.components.iter().map(|c| c.horizontal).max().unwrap_or(1);
        let max_vertical = header.components.iter().map(|c| c.vertical).max().unwrap_or(1);
        let divides = |c: &ComponentHeader| max_horizontal % c.horizontal == 0 && max_vertical % c.vertical == 0;
        if !header.components.iter().all(divides) {
            return Err(unsupported("whose components have sizes that do not divide each other"));
        }
        let units_wide = header.width.div_ceil(8 * max_horizontal);
        let units_high = header.height.div_ceil(8 * max_vertical);
        let size = |c: &ComponentHeader| {
            let width = (header.width * c.horizontal).div_ceil(max_horizontal);
            let height = (header.height * c.vertical).div_ceil(max_vertical);
            (width, height)
        };
        let blocks: usize = header.components.iter().map(size).map(|(w, h)| w.div_ceil(8) * h.div_ceil(8)).sum();
        if blocks > file_len.saturating_mul(8) {
            return Err(malformed("is too short for its size"));
        }
        let component = |c| Component::new(c, size(c), (units_wide, units_high), header.progressive);
        Ok(Self {
            width: header.width,
            height: header.height,
            progressive: header.progressive,
            units_wide,
            units_high,
            components: header.components.iter().map(component).collect(),
            max_horizontal,
            max_vertical,
        })
    }

    /// Whether one scan may hold the components with these indices.
    pub fn fits_one_unit(&self, indices: &[usize]) -> bool {
        let blocks = |&index: &usize| self.components[index].horizontal * self.components[index].vertical;
        indices.len() == 1 || indices.iter().map(blocks).sum::<usize>() <= MAX_BLOCKS_OF_A_UNIT
    }

    /// The samples of all components, after the last scan.
    pub fn into_planes(self) -> Result<Vec<Plane>, MediaError> {
        let (max_horizontal, max_vertical) = (self.max_horizontal, self.max_vertical);
        self.components.into_iter().map(|c| c.into_plane(max_horizontal, max_vertical)).collect()
    }
}

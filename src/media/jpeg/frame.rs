//! What a JPEG says of its size and components, and room for them.

use super::super::MediaError;
use super::{corrupt, idct, unsupported};

/// Blocks of one unit of the picture, as the format bounds them.
const MAX_UNIT_BLOCKS: usize = 10;

/// Where one of so many first coefficients is not known to its last bit, libjpeg guesses at it from neighbouring blocks.
const GUESSED: usize = 10;

pub(super) struct FrameHeader {
    pub width: usize,
    pub height: usize,
    pub progressive: bool,
    pub components: Vec<ComponentHeader>,
}

pub(super) struct ComponentHeader {
    pub id: u8,
    /// Samples across and down, relative to the other components.
    pub across: usize,
    pub down: usize,
    pub table: usize,
}

pub(super) struct Component {
    pub id: u8,
    pub across: usize,
    pub down: usize,
    pub table: usize,
    /// Samples that belong to the picture.
    width: usize,
    height: usize,
    /// Blocks that hold them.
    pub blocks_wide: usize,
    pub blocks_high: usize,
    /// Blocks of a row, with those that only fill the last unit.
    padded_wide: usize,
    padded_high: usize,
    /// What its coefficients are multiplied by, as it was when they first came.
    pub factors: Option<Box<[u16; 64]>>,
    /// Which of the first coefficients of a progressive picture have not come to their last bit.
    unfinished: [bool; GUESSED],
    samples: Vec<u8>,
    coefficients: Vec<[i16; 64]>,
}

pub(super) struct Frame {
    pub width: usize,
    pub height: usize,
    pub progressive: bool,
    pub units_wide: usize,
    pub units_high: usize,
    pub components: Vec<Component>,
    most_across: usize,
    most_down: usize,
}

/// A decoded component.
pub(super) struct Plane {
    pub width: usize,
    pub height: usize,
    /// Pixels for each of its samples.
    pub across: usize,
    pub down: usize,
    samples: Vec<u8>,
    stride: usize,
}

impl Plane {
    pub fn row(&self, y: usize) -> &[u8] {
        &self.samples[y * self.stride..][..self.stride]
    }
}

impl Frame {
    /// With room for its samples, if a file of `len` bytes can hold them: each block takes a bit at least.
    pub fn new(header: FrameHeader, len: usize) -> Result<Self, MediaError> {
        let most_across = header.components.iter().map(|c| c.across).max().unwrap_or(1);
        let most_down = header.components.iter().map(|c| c.down).max().unwrap_or(1);
        if header.components.iter().any(|c| most_across % c.across != 0 || most_down % c.down != 0) {
            return Err(unsupported("whose components have sizes that do not divide each other"));
        }
        let units_wide = header.width.div_ceil(8 * most_across);
        let units_high = header.height.div_ceil(8 * most_down);
        let size = |c: &ComponentHeader| {
            let width = (header.width * c.across).div_ceil(most_across);
            let height = (header.height * c.down).div_ceil(most_down);
            (width, height)
        };
        let blocks: usize = header.components.iter().map(size).map(|(w, h)| w.div_ceil(8) * h.div_ceil(8)).sum();
        if blocks > len.saturating_mul(8) {
            return Err(corrupt("is too short for its size"));
        }
        let component = |c: &ComponentHeader| {
            let (width, height) = size(c);
            let (padded_wide, padded_high) = (units_wide * c.across, units_high * c.down);
            let blocks = padded_wide * padded_high;
            Component {
                id: c.id,
                across: c.across,
                down: c.down,
                table: c.table,
                width,
                height,
                blocks_wide: width.div_ceil(8),
                blocks_high: height.div_ceil(8),
                padded_wide,
                padded_high,
                factors: None,
                unfinished: [header.progressive; GUESSED],
                samples: if header.progressive { Vec::new() } else { vec![0; blocks * 64] },
                coefficients: if header.progressive { vec![[0; 64]; blocks] } else { Vec::new() },
            }
        };
        let components: Vec<Component> = header.components.iter().map(component).collect();
        let FrameHeader { width, height, progressive, .. } = header;
        Ok(Self { width, height, progressive, units_wide, units_high, components, most_across, most_down })
    }

    /// Whether these components, mixed, make a unit that the format allows.
    pub fn unit_fits(&self, places: &[usize]) -> bool {
        let blocks = |&place: &usize| self.components[place].across * self.components[place].down;
        places.len() == 1 || places.iter().map(blocks).sum::<usize>() <= MAX_UNIT_BLOCKS
    }

    /// The samples, once all passes are over.
    pub fn into_planes(self) -> Result<Vec<Plane>, MediaError> {
        let (across, down, progressive) = (self.most_across, self.most_down, self.progressive);
        let plane = |component: Component| {
            let Component { width, height, .. } = component;
            let (across, down) = (across / component.across, down / component.down);
            let stride = component.padded_wide * 8;
            let samples = if progressive { component.transformed() } else { component.finished() }?;
            Ok(Plane { width, height, across, down, samples, stride })
        };
        self.components.into_iter().map(plane).collect()
    }
}

impl Component {
    /// The coefficients of a block of a progressive picture.
    pub fn coefficients(&mut self, row: usize, column: usize) -> &mut [i16; 64] {
        &mut self.coefficients[row * self.padded_wide + column]
    }

    /// Takes note that a pass brings these coefficients down to bit `low`.
    pub fn note(&mut self, first: usize, last: usize, low: u32) {
        self.unfinished.iter_mut().take(last + 1).skip(first).for_each(|unfinished| *unfinished = low > 0);
    }

    /// Sets a whole block of a sequential picture.
    pub fn set(&mut self, row: usize, column: usize, coefficients: &[i16; 64]) {
        let stride = self.padded_wide * 8;
        if let Some(factors) = &self.factors {
            idct::block(coefficients, factors, &mut self.samples[row * 8 * stride + column * 8..], stride);
        }
    }

    fn finished(self) -> Result<Vec<u8>, MediaError> {
        if self.factors.is_none() { Err(corrupt("lacks a colour")) } else { Ok(self.samples) }
    }

    fn transformed(self) -> Result<Vec<u8>, MediaError> {
        let factors = self.factors.ok_or_else(|| corrupt("lacks a colour"))?;
        if self.unfinished.contains(&true) {
            return Err(corrupt("ends before its last pass"));
        }
        let stride = self.padded_wide * 8;
        let mut samples = vec![0; stride * self.padded_high * 8];
        for (i, block) in self.coefficients.iter().enumerate() {
            let start = i / self.padded_wide * 8 * stride + i % self.padded_wide * 8;
            idct::block(block, &factors, &mut samples[start..], stride);
        }
        Ok(samples)
    }
}

//! One component of a frame: its blocks, and what is known of their coefficients.

use super::super::error::MediaError;
use super::error::malformed;
use super::headers::ComponentHeader;
use super::idct::inverse_dct;
use super::plane::Plane;

/// Where one of this many first coefficients is not known to its last bit, libjpeg estimates them from neighbouring
/// blocks ("block smoothing"). Such files are refused here.
const SMOOTHED_COEFFICIENTS: usize = 10;

/// How often a file may send a coefficient: once, and then 13 refinements of one bit each. More repetitions add nothing
/// but time, since each is a pass over all blocks.
const MAX_SCANS_OF_A_COEFFICIENT: u8 = 14;

pub(super) struct Component {
    pub id: u8,
    /// Sampling factors.
    pub horizontal: usize,
    pub vertical: usize,
    /// Index of the quantization table.
    pub quantization_index: usize,
    /// Samples that belong to the picture.
    width: usize,
    height: usize,
    /// Blocks with at least one such sample.
    pub blocks_wide: usize,
    pub blocks_high: usize,
    /// Blocks of the component with the padding to whole minimum coded units.
    padded_wide: usize,
    padded_high: usize,
    /// The quantization table that was in force at the component's first scan.
    pub quantization: Option<Box<[u16; 64]>>,
    /// For each coefficient the number of scans that sent it.
    scans: [u8; 64],
    /// Which of the first coefficients lack low bits.
    incomplete: [bool; SMOOTHED_COEFFICIENTS],
    /// Filled block by block in a sequential picture.
    samples: Vec<u8>,
    /// Filled scan by scan in a progressive picture.
    coefficients: Vec<[i16; 64]>,
}

impl Component {
    /// Allocates a component of `width` × `height` samples in a frame of `units_wide` × `units_high` minimum coded units.
    pub fn new(
        header: &ComponentHeader,
        (width, height): (usize, usize),
        (units_wide, units_high): (usize, usize),
        progressive: bool,
    ) -> Self {
        let (padded_wide, padded_high) = (units_wide * header.horizontal, units_high * header.vertical);
        let blocks = padded_wide * padded_high;
        Self {
            id: header.id,
            horizontal: header.horizontal,
            vertical: header.vertical,
            quantization_index: header.quantization,
            width,
            height,
            blocks_wide: width.div_ceil(8),
            blocks_high: height.div_ceil(8),
            padded_wide,
            padded_high,
            quantization: None,
            scans: [0; 64],
            incomplete: [progressive; SMOOTHED_COEFFICIENTS],
            samples: if progressive { Vec::new() } else { vec![0; blocks * 64] },
            coefficients: if progressive { vec![[0; 64]; blocks] } else { Vec::new() },
        }
    }

    /// Notes that a scan sends coefficients `first` to `last` down to bit `low`.
    pub fn record_scan(&mut self, first: usize, last: usize, low: u32) -> Result<(), MediaError> {
        for scans in &mut self.scans[first..=last] {
            *scans += 1;
            if *scans > MAX_SCANS_OF_A_COEFFICIENT {
                return Err(malformed("sends the same coefficients again and again"));
            }
        }
        self.incomplete.iter_mut().take(last + 1).skip(first).for_each(|incomplete| *incomplete = low > 0);
        Ok(())
    }

    /// The coefficients of a block of a progressive picture.
    pub fn block_mut(&mut self, row: usize, column: usize) -> &mut [i16; 64] {
        &mut self.coefficients[row * self.padded_wide + column]
    }

    /// Transforms a whole block of a sequential picture.
    pub fn store_block(&mut self, row: usize, column: usize, coefficients: &[i16; 64]) {
        let stride = self.padded_wide * 8;
        if let Some(quantization) = &self.quantization {
            inverse_dct(coefficients, quantization, &mut self.samples[row * 8 * stride + column * 8..], stride);
        }
    }

    /// The samples, after the last scan. `max_horizontal` and `max_vertical` are the frame's largest sampling factors.
    pub fn into_plane(self, max_horizontal: usize, max_vertical: usize) -> Result<Plane, MediaError> {
        let quantization = self.quantization.as_deref().ok_or_else(|| malformed("lacks a component"))?;
        let progressive = !self.coefficients.is_empty();
        if progressive && self.incomplete.contains(&true) {
            return Err(malformed("ends before its last scan"));
        }
        let stride = self.padded_wide * 8;
        let samples = if progressive { self.transform_all(quantization, stride) } else { self.samples };
        Ok(Plane {
            width: self.width,
            height: self.height,
            pixels_across: max_horizontal / self.horizontal,
            pixels_down: max_vertical / self.vertical,
            samples,
            stride,
        })
    }

    fn transform_all(&self, quantization: &[u16; 64], stride: usize) -> Vec<u8> {
        let mut samples = vec![0; stride * self.padded_high * 8];
        for (i, block) in self.coefficients.iter().enumerate() {
            let start = i / self.padded_wide * 8 * stride + i % self.padded_wide * 8;
            inverse_dct(block, quantization, &mut samples[start..], stride);
        }
        samples
    }
}

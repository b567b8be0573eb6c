//! The frame header (SOF) and the scan header (SOS).

use super::super::error::MediaError;
use super::error::{malformed, unsupported};

pub(super) struct FrameHeader {
    pub width: usize,
    pub height: usize,
    pub progressive: bool,
    pub components: Vec<ComponentHeader>,
}

pub(super) struct ComponentHeader {
    pub id: u8,
    /// Sampling factors: samples relative to the other components.
    pub horizontal: usize,
    pub vertical: usize,
    /// Index of the quantization table.
    pub quantization: usize,
}

pub(super) struct ScanHeader {
    pub components: Vec<ScanComponent>,
    /// The coefficients that the scan holds, in zigzag order.
    pub first: usize,
    pub last: usize,
    /// Successive approximation: the lowest bit sent before (0 for none), and the lowest bit sent now.
    pub high: u32,
    pub low: u32,
}

pub(super) struct ScanComponent {
    pub id: u8,
    /// Indices of the Huffman tables.
    pub dc_table: usize,
    pub ac_table: usize,
}

/// A big-endian number.
pub(super) fn read_u16(bytes: &[u8], offset: usize) -> Result<u16, MediaError> {
    let two = bytes.get(offset..).and_then(|rest| rest.first_chunk::<2>()).ok_or_else(|| malformed("ends early"))?;
    Ok(u16::from_be_bytes(*two))
}

impl FrameHeader {
    pub fn parse(body: &[u8], progressive: bool) -> Result<Self, MediaError> {
        let (height, width) = (usize::from(read_u16(body, 1)?), usize::from(read_u16(body, 3)?));
        let count = usize::from(*body.get(5).ok_or_else(|| malformed("ends early"))?);
        if body[0] != 8 {
            return Err(unsupported("of other than 8 bits"));
        }
        if width == 0 || height == 0 {
            return Err(malformed("has no pixels"));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(unsupported("of other than 1, 3 or 4 components"));
        }
        let component = |c: &[u8]| ComponentHeader {
            id: c[0],
            horizontal: usize::from(c[1] >> 4),
            vertical: usize::from(c[1] & 15),
            quantization: usize::from(c[2]),
        };
        let components: Vec<_> = body[6..].chunks_exact(3).take(count).map(component).collect();
        let is_valid = |c: &ComponentHeader| {
            (1..=4).contains(&c.horizontal) && (1..=4).contains(&c.vertical) && c.quantization < 4
        };
        if components.len() != count || !components.iter().all(is_valid) {
            return Err(malformed("has an invalid frame header"));
        }
        Ok(Self { width, height, progressive, components })
    }
}

impl ScanHeader {
    pub fn parse(body: &[u8]) -> Result<Self, MediaError> {
        let invalid = || malformed("has an invalid scan header");
        let count = usize::from(*body.first().ok_or_else(invalid)?);
        let (pairs, rest) = body[1..].split_at_checked(2 * count).ok_or_else(invalid)?;
        let &[first, last, bits] = rest.first_chunk::<3>().ok_or_else(invalid)?;
        let component =
            |c: &[u8]| ScanComponent { id: c[0], dc_table: usize::from(c[1] >> 4), ac_table: usize::from(c[1] & 15) };
        Ok(Self {
            components: pairs.chunks_exact(2).map(component).collect(),
            first: usize::from(first),
            last: usize::from(last),
            high: u32::from(bits >> 4),
            low: u32::from(bits & 15),
        })
    }
}

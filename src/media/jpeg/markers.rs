//! The marker segments of a JPEG, before and between its scans.

use super::super::error::MediaError;
use super::super::orientation::OrientationMetadata;
use super::colour::ColourModel;
use super::error::{malformed, unsupported};
use super::headers::{FrameHeader, ScanHeader, read_u16};
use super::tables::DecodingTables;

/// A segment that the decoder has to act on.
pub(super) enum JpegSegment {
    Frame(FrameHeader),
    Scan(ScanHeader),
    End,
}

pub(super) struct SegmentReader<'a> {
    bytes: &'a [u8],
    position: usize,
    pub tables: DecodingTables,
    /// Minimum coded units between two restart markers, 0 for no restarts.
    pub restart_interval: usize,
    pub metadata: OrientationMetadata,
    has_jfif: bool,
    /// The colour transform in the Adobe segment.
    adobe_transform: Option<u8>,
}

impl<'a> SegmentReader<'a> {
    pub fn new(bytes: &'a [u8]) -> Result<Self, MediaError> {
        if !bytes.starts_with(&[0xFF, 0xD8]) {
            return Err(malformed("does not begin as one"));
        }
        Ok(Self {
            bytes,
            position: 2,
            tables: DecodingTables::default(),
            restart_interval: 0,
            metadata: OrientationMetadata::default(),
            has_jfif: false,
            adobe_transform: None,
        })
    }

    /// What has not been read of the file.
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.position..]
    }

    pub fn skip(&mut self, count: usize) {
        self.position += count;
    }

    /// The next frame, scan or end. Tables and metadata before it are stored.
    pub fn next_segment(&mut self) -> Result<JpegSegment, MediaError> {
        loop {
            let marker = self.next_marker()?;
            match marker {
                0xD9 => return Ok(JpegSegment::End),
                0x01 | 0xD0..=0xD7 => continue,
                0xD8 => return Err(malformed("begins twice")),
                _ => {}
            }
            let body = self.read_body()?;
            match marker {
                0xC0..=0xC2 => return FrameHeader::parse(body, marker == 0xC2).map(JpegSegment::Frame),
                0xC4 => self.tables.define_huffman(body)?,
                0xC3 | 0xC5..=0xCF => return Err(unsupported("with arithmetic coding, or lossless, or hierarchical")),
                0xDA => return ScanHeader::parse(body).map(JpegSegment::Scan),
                0xDB => self.tables.define_quantization(body)?,
                0xDD => self.restart_interval = usize::from(read_u16(body, 0)?),
                0xE0 => self.has_jfif |= body.starts_with(b"JFIF\0"),
                0xE1 => self.metadata.add_app1(body),
                0xEE if body.starts_with(b"Adobe") => {
                    self.adobe_transform = body.get(11).copied().or(self.adobe_transform);
                }
                _ => {}
            }
        }
    }

    /// The colour model of components with these identifiers, by libjpeg's rules.
    pub fn colour_model(&self, component_ids: &[u8]) -> ColourModel {
        match (component_ids, self.adobe_transform) {
            ([_], _) => ColourModel::Grey,
            ([_, _, _], _) if self.has_jfif => ColourModel::YCbCr,
            ([_, _, _], Some(0)) => ColourModel::Rgb,
            ([b'R', b'G', b'B'], None) => ColourModel::Rgb,
            ([_, _, _], _) => ColourModel::YCbCr,
            (_, None | Some(0)) => ColourModel::Cmyk,
            (_, Some(_)) => ColourModel::Ycck,
        }
    }

    /// The next marker. Like libjpeg, skips any bytes before it.
    fn next_marker(&mut self) -> Result<u8, MediaError> {
        loop {
            match self.bytes.get(self.position..self.position + 2) {
                None => return Err(malformed("ends early")),
                Some(&[0xFF, marker @ 1..=0xFE]) => {
                    self.position += 2;
                    return Ok(marker);
                }
                Some(_) => self.position += 1,
            }
        }
    }

    fn read_body(&mut self) -> Result<&'a [u8], MediaError> {
        let len = usize::from(read_u16(self.rest(), 0)?);
        let body = self.rest().get(2..len).ok_or_else(|| malformed("has a segment with a wrong length"))?;
        self.position += len;
        Ok(body)
    }
}

//! JPEG, baseline and progressive, bit for bit as libjpeg-turbo decodes it with its defaults: the accurate integer
//! inverse transform (`islow`), "fancy" chroma upsampling, and fixed-point colour conversion.

mod bit_reader;
mod block_decoder;
mod colour;
mod component;
mod error;
mod frame;
mod headers;
mod huffman;
mod idct;
mod markers;
mod plane;
mod progressive;
mod scan;
mod sequential;
mod tables;
mod upsample;
mod zigzag;

use self::colour::to_rgb;
use self::error::malformed;
use self::frame::Frame;
use self::markers::{JpegSegment, SegmentReader};
use self::scan::decode_scan;
use super::error::{CorruptImage, MediaError};
use super::orientation::OrientationMetadata;
use super::picture::Picture;
use super::pixel_limit::check_pixel_count;

/// The most scans that are decoded. A scan costs a pass over all blocks however few bytes it has, so that a small file
/// with many scans takes long. Encoders write about ten, those that search for the smallest file some more, and the
/// command-line tools of libjpeg accept scan scripts of at most 100.
const MAX_SCANS: usize = 100;

pub(super) fn decode_jpeg(bytes: &[u8], max_pixels: u64) -> Result<(Picture, OrientationMetadata), MediaError> {
    let mut reader = SegmentReader::new(bytes)?;
    let mut frame: Option<Frame> = None;
    let mut scans = 0;
    loop {
        match (reader.next_segment()?, &mut frame) {
            (JpegSegment::Frame(_), Some(_)) => return Err(malformed("has two frames")),
            (JpegSegment::Frame(header), None) => {
                check_pixel_count(header.width as u64, header.height as u64, max_pixels)?;
                frame = Some(Frame::new(&header, bytes.len())?);
            }
            (JpegSegment::Scan(_), None) => return Err(malformed("has pixels before their size")),
            (JpegSegment::Scan(_), _) if scans == MAX_SCANS => {
                return Err(CorruptImage::TooManyScans { limit: MAX_SCANS }.into());
            }
            (JpegSegment::Scan(header), Some(frame)) => {
                scans += 1;
                let len = decode_scan(frame, &header, &reader.tables, reader.restart_interval, reader.rest())?;
                reader.skip(len);
            }
            (JpegSegment::End, _) => break,
        }
    }
    let frame = frame.ok_or_else(|| malformed("has no pixels"))?;
    let component_ids: Vec<u8> = frame.components.iter().map(|component| component.id).collect();
    let colour_model = reader.colour_model(&component_ids);
    let (width, height) = (frame.width, frame.height);
    let rgb = to_rgb(&frame.into_planes()?, width, height, colour_model);
    Ok((Picture::from_rgb(width, height, rgb)?, reader.metadata))
}

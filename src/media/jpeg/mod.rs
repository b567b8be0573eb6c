//! JPEG, bit for bit as libjpeg-turbo decodes it for the reference: its inverse transform, its smooth enlargement of
//! colour, its integer colours. Decoders that are off by a level or two here and there move scores, and those that
//! use other arithmetic on other processors move them from machine to machine.

mod bits;
mod colour;
mod frame;
mod header;
mod huffman;
mod idct;
mod progressive;
mod scan;
mod sequential;
mod upsample;

use super::decode::check_size;
use super::exif::Hints;
use super::{MediaError, Picture};
use frame::Frame;
use header::{Reader, Segment};

/// More passes over the picture than any encoder writes; each may cost much time and few bytes.
const MAX_SCANS: usize = 500;

fn corrupt(what: &str) -> MediaError {
    MediaError::Corrupt(format!("the JPEG {what}"))
}

fn unsupported(what: &str) -> MediaError {
    MediaError::Unsupported(format!("a JPEG {what}"))
}

pub(super) fn decode_jpeg(bytes: &[u8], max_pixels: u64) -> Result<(Picture, Hints), MediaError> {
    let mut reader = Reader::new(bytes)?;
    let mut frame: Option<Frame> = None;
    let mut scans = 0;
    loop {
        match (reader.segment()?, &mut frame) {
            (Segment::Frame(_), Some(_)) => return Err(corrupt("describes its size twice")),
            (Segment::Frame(header), None) => {
                check_size(header.width as u64, header.height as u64, max_pixels)?;
                frame = Some(Frame::new(header, bytes.len())?);
            }
            (Segment::Scan(_), None) => return Err(corrupt("has pixels before their size")),
            (Segment::Scan(_), _) if scans == MAX_SCANS => return Err(corrupt("has too many passes")),
            (Segment::Scan(header), Some(frame)) => {
                scans += 1;
                let end = scan::decode(frame, &header, &reader.tables, reader.rest())?;
                reader.skip(end);
            }
            (Segment::End, Some(_)) => break,
            (Segment::End, None) => return Err(corrupt("has no pixels")),
        }
    }
    let frame = frame.ok_or_else(|| corrupt("has no pixels"))?;
    let (width, height, model) = (frame.width, frame.height, reader.model(&frame));
    let planes = frame.into_planes()?;
    let rgb = colour::to_rgb(&planes, width, height, model);
    Ok((Picture::from_rgb(width, height, rgb)?, reader.hints))
}

//! WebP. Of an animation the first frame is looked at, on a canvas that is transparent, or black where it cannot be.

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::decode::check_size;
use super::exif::Hints;
use super::{MediaError, Picture};

/// Room for what the decoder holds besides the pixels.
const MAX_OTHER_BYTES: usize = 1 << 29;
/// Flags of the extended header.
const ALPHA: u8 = 0x10;
const ANIMATED: u8 = 0x02;

fn corrupt(what: &str) -> MediaError {
    MediaError::Corrupt(format!("the WebP {what}"))
}

pub(super) fn decode_webp(bytes: &[u8], max_pixels: u64) -> Result<(Picture, Hints), MediaError> {
    let declared = number(bytes, 4, 4).unwrap_or(0).saturating_add(8);
    if bytes.len() < declared {
        return Err(corrupt("ends early"));
    }
    let bytes = &bytes[..declared];
    let parts = bytes.get(12..).unwrap_or_default();
    match parts {
        [b'V', b'P', b'8', b'X', _, _, _, _, flags, ..] if flags & ANIMATED != 0 => {
            let picture = animation(parts, flags & ALPHA != 0, max_pixels)?;
            let find = |kind| chunks(parts).find(|(k, _)| *k == kind).map(|(_, body)| body.to_vec());
            Ok((picture, Hints::new(find(b"EXIF"), find(b"XMP "))))
        }
        _ => {
            let (width, height, pixels, hints) = still(bytes, max_pixels)?;
            let rgba = pixels.len() == width * height * 4;
            let picture = if rgba {
                Picture::from_rgba(width, height, &pixels)
            } else {
                Picture::from_rgb(width, height, pixels)
            };
            Ok((picture?, hints))
        }
    }
}

/// Width, height, and three or four bytes a pixel.
fn still(bytes: &[u8], max_pixels: u64) -> Result<(usize, usize, Vec<u8>, Hints), MediaError> {
    let failed = |e: DecodingError| match e {
        DecodingError::UnsupportedFeature(what) => MediaError::Unsupported(format!("a WebP with {what}")),
        other => MediaError::Corrupt(format!("the WebP cannot be decoded: {other}")),
    };
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(failed)?;
    decoder.set_memory_limit(MAX_OTHER_BYTES);
    let (width, height) = decoder.dimensions();
    check_size(u64::from(width), u64::from(height), max_pixels)?;
    let len = decoder.output_buffer_size().ok_or(MediaError::Pixels)?;
    let hints = Hints::new(decoder.exif_metadata().ok().flatten(), decoder.xmp_metadata().ok().flatten());
    let mut pixels = vec![0; len];
    decoder.read_image(&mut pixels).map_err(failed)?;
    Ok((width as usize, height as usize, pixels, hints))
}

fn animation(parts: &[u8], alpha: bool, max_pixels: u64) -> Result<Picture, MediaError> {
    let short = || corrupt("has a frame that ends early");
    let canvas = |at| number(parts, at, 3).map(|side| side + 1).ok_or_else(short);
    let (width, height) = (canvas(12)?, canvas(15)?);
    check_size(width as u64, height as u64, max_pixels)?;
    let frame = chunks(parts).find(|(kind, _)| *kind == b"ANMF").map(|(_, body)| body);
    let frame = frame.ok_or_else(|| corrupt("has no frame"))?;
    let place = |at| number(frame, at, 3).ok_or_else(short);
    let (left, top) = (place(0)? * 2, place(3)? * 2);
    let inner = frame.get(16..).ok_or_else(short)?;
    let (across, down, pixels, _) = still(&alone(inner, place(6)?, place(9)?)?, max_pixels)?;
    if left + across > width || top + down > height {
        return Err(corrupt("has a frame outside of its canvas"));
    }
    let channels = pixels.len() / (across * down);
    let mut rgba = vec![0; width * height * 4];
    for (y, row) in pixels.chunks_exact(across * channels).enumerate() {
        let start = ((top + y) * width + left) * 4;
        for (out, pixel) in rgba[start..].chunks_exact_mut(4).zip(row.chunks_exact(channels)) {
            out[3] = 255;
            out[..channels].copy_from_slice(pixel);
        }
    }
    if !alpha {
        rgba.chunks_exact_mut(4).for_each(|pixel| pixel[3] = 255);
    }
    Picture::from_rgba(width, height, &rgba)
}

/// A file of one picture from the parts of a frame. The sides are one less than they are.
fn alone(inner: &[u8], across: usize, down: usize) -> Result<Vec<u8>, MediaError> {
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    let pixels = chunks(inner).find(|(kind, _)| *kind == b"VP8 " || *kind == b"VP8L");
    let (kind, body) = pixels.ok_or_else(|| corrupt("has an empty frame"))?;
    if let Some((_, alpha)) = chunks(inner).find(|(kind, _)| *kind == b"ALPH") {
        let mut header = vec![ALPHA, 0, 0, 0];
        header.extend_from_slice(&(across as u32).to_le_bytes()[..3]);
        header.extend_from_slice(&(down as u32).to_le_bytes()[..3]);
        push(&mut out, b"VP8X", &header);
        push(&mut out, b"ALPH", alpha);
    }
    push(&mut out, kind, body);
    let len = out.len() as u32 - 8;
    out[4..8].copy_from_slice(&len.to_le_bytes());
    Ok(out)
}

fn push(out: &mut Vec<u8>, kind: &[u8; 4], body: &[u8]) {
    out.extend_from_slice(kind);
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(body);
    out.extend(std::iter::repeat_n(0, body.len() % 2));
}

/// The parts that are whole, by their kinds.
fn chunks(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (kind, rest) = bytes.split_first_chunk::<4>()?;
        let (len, rest) = rest.split_first_chunk::<4>()?;
        let len = u32::from_le_bytes(*len) as usize;
        let body = rest.get(..len)?;
        bytes = rest.get(len + len % 2..).unwrap_or_default();
        Some((kind, body))
    })
}

fn number(bytes: &[u8], at: usize, len: usize) -> Option<usize> {
    bytes.get(at..at + len).map(|b| b.iter().rev().fold(0, |sum, &byte| sum << 8 | usize::from(byte)))
}

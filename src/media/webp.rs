//! WebP. Of an animation the first frame is decoded, placed on a transparent canvas, or on a black one if the file says
//! that it has no alpha.

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::error::{CorruptImage, ImageFormat, MediaError};
use super::orientation::OrientationMetadata;
use super::picture::Picture;
use super::pixel_limit::check_pixel_count;

/// Flags of the extended header (VP8X).
const HAS_ALPHA: u8 = 0x10;
const IS_ANIMATED: u8 = 0x02;

fn malformed(problem: &'static str) -> MediaError {
    CorruptImage::Malformed { format: ImageFormat::WebP, problem }.into()
}

fn undecodable(error: DecodingError) -> MediaError {
    match error {
        DecodingError::UnsupportedFeature(what) => MediaError::Unsupported(format!("a WebP with {what}")),
        other => CorruptImage::Undecodable { format: ImageFormat::WebP, source: other.into() }.into(),
    }
}

fn short_frame() -> MediaError {
    malformed("has a frame that ends early")
}

pub(super) fn decode_webp(bytes: &[u8], max_pixels: u64) -> Result<(Picture, OrientationMetadata), MediaError> {
    let declared_len = number(bytes, 4, 4).unwrap_or(0).saturating_add(8);
    if bytes.len() < declared_len {
        return Err(malformed("ends early"));
    }
    let bytes = &bytes[..declared_len];
    let body = bytes.get(12..).unwrap_or_default();
    match body {
        [b'V', b'P', b'8', b'X', _, _, _, _, flags, ..] if flags & IS_ANIMATED != 0 => {
            let picture = first_frame(body, flags & HAS_ALPHA != 0, max_pixels)?;
            let chunk = |name| chunks(body).find(|(n, _)| *n == name).map(|(_, data)| data.to_vec());
            Ok((picture, OrientationMetadata::new(chunk(b"EXIF"), chunk(b"XMP "))))
        }
        _ => {
            let (image, metadata) = decode_still(bytes, max_pixels)?;
            let StillImage { width, height, channels, pixels } = image;
            let picture = if channels == 4 {
                Picture::from_rgba(width, height, &pixels)
            } else {
                Picture::from_rgb(width, height, pixels)
            };
            Ok((picture?, metadata))
        }
    }
}

struct StillImage {
    width: usize,
    height: usize,
    /// 3, or 4 with alpha.
    channels: usize,
    pixels: Vec<u8>,
}

fn decode_still(bytes: &[u8], max_pixels: u64) -> Result<(StillImage, OrientationMetadata), MediaError> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(undecodable)?;
    // Of metadata, whose length is only claimed: none can be longer than the file.
    decoder.set_memory_limit(bytes.len());
    let (width, height) = decoder.dimensions();
    check_pixel_count(u64::from(width), u64::from(height), max_pixels)?;
    // The decoder compares them too, but only after it has decoded the frame.
    if lossy_size(bytes.get(12..).unwrap_or_default()).is_some_and(|size| size != [width, height]) {
        return Err(malformed("has a frame of another size than its canvas"));
    }
    let len = decoder.output_buffer_size().ok_or(MediaError::SizeMismatch)?;
    let metadata =
        OrientationMetadata::new(decoder.exif_metadata().ok().flatten(), decoder.xmp_metadata().ok().flatten());
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    let mut pixels = vec![0; len];
    decoder.read_image(&mut pixels).map_err(undecodable)?;
    Ok((StillImage { width: width as usize, height: height as usize, channels, pixels }, metadata))
}

fn first_frame(body: &[u8], has_alpha: bool, max_pixels: u64) -> Result<Picture, MediaError> {
    let canvas_side = |offset| number(body, offset, 3).map(|side| side + 1).ok_or_else(short_frame);
    let (width, height) = (canvas_side(12)?, canvas_side(15)?);
    check_pixel_count(width as u64, height as u64, max_pixels)?;
    let frame = chunks(body).find(|(name, _)| *name == b"ANMF").map(|(_, data)| data);
    let frame = frame.ok_or_else(|| malformed("has no frame"))?;
    let field = |offset| number(frame, offset, 3).ok_or_else(short_frame);
    let (left, top) = (field(0)? * 2, field(3)? * 2);
    let frame_chunks = frame.get(16..).ok_or_else(short_frame)?;
    let (image, _) = decode_still(&frame_as_file(frame_chunks, field(6)?, field(9)?)?, max_pixels)?;
    if left + image.width > width || top + image.height > height {
        return Err(malformed("has a frame outside of its canvas"));
    }
    let mut rgba = vec![0; width * height * 4];
    for (y, row) in image.pixels.chunks_exact(image.width * image.channels).enumerate() {
        let start = ((top + y) * width + left) * 4;
        for (out, pixel) in rgba[start..].chunks_exact_mut(4).zip(row.chunks_exact(image.channels)) {
            out[3] = 255;
            out[..image.channels].copy_from_slice(pixel);
        }
    }
    if !has_alpha {
        rgba.chunks_exact_mut(4).for_each(|pixel| pixel[3] = 255);
    }
    Picture::from_rgba(width, height, &rgba)
}

/// Wraps the chunks of an animation's frame into a file of one still image. The sides are the header's fields, which
/// are one less than the size in pixels.
fn frame_as_file(frame_chunks: &[u8], width_field: usize, height_field: usize) -> Result<Vec<u8>, MediaError> {
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    let pixels = chunks(frame_chunks).find(|(name, _)| *name == b"VP8 " || *name == b"VP8L");
    let (name, data) = pixels.ok_or_else(|| malformed("has an empty frame"))?;
    if let Some((_, alpha)) = chunks(frame_chunks).find(|(name, _)| *name == b"ALPH") {
        let mut header = vec![HAS_ALPHA, 0, 0, 0];
        header.extend_from_slice(&(width_field as u32).to_le_bytes()[..3]);
        header.extend_from_slice(&(height_field as u32).to_le_bytes()[..3]);
        push_chunk(&mut out, b"VP8X", &header);
        push_chunk(&mut out, b"ALPH", alpha);
    }
    push_chunk(&mut out, name, data);
    let len = out.len() as u32 - 8;
    out[4..8].copy_from_slice(&len.to_le_bytes());
    Ok(out)
}

fn push_chunk(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out.extend_from_slice(data);
    out.extend(std::iter::repeat_n(0, data.len() % 2));
}

/// The complete RIFF chunks, with their names.
fn chunks(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (name, rest) = bytes.split_first_chunk::<4>()?;
        let (len, rest) = rest.split_first_chunk::<4>()?;
        let len = u32::from_le_bytes(*len) as usize;
        let data = rest.get(..len)?;
        bytes = rest.get(len + len % 2..).unwrap_or_default();
        Some((name, data))
    })
}

/// The size in the header of the first lossy frame, whether the chunk is complete or not.
fn lossy_size(mut bytes: &[u8]) -> Option<[u32; 2]> {
    loop {
        let (name, rest) = bytes.split_first_chunk::<4>()?;
        let (len, rest) = rest.split_first_chunk::<4>()?;
        if name == b"VP8 " {
            let side = |offset| number(rest, offset, 2).map(|side| side as u32 & 0x3FFF);
            return Some([side(6)?, side(8)?]);
        }
        let len = u32::from_le_bytes(*len) as usize;
        bytes = rest.get(len.checked_add(len % 2)?..)?;
    }
}

/// A little-endian number.
fn number(bytes: &[u8], offset: usize, len: usize) -> Option<usize> {
    bytes.get(offset..offset + len).map(|b| b.iter().rev().fold(0, |sum, &byte| sum << 8 | usize::from(byte)))
}

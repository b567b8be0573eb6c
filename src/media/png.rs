//! PNG, with Pillow's treatment of alpha: RGBA, and 16-bit grey with alpha, are composited on white; in 8-bit grey with
//! alpha, palettes and images with a single transparent colour (tRNS) the alpha is dropped.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, DecodingError, Info, Limits, Transformations};

use super::error::{CorruptImage, ImageFormat, MediaError};
use super::orientation::OrientationMetadata;
use super::picture::Picture;
use super::pixel_limit::check_pixel_count;

/// Memory that the decoder may use besides the pixels, for example for text chunks.
const MAX_METADATA_BYTES: usize = 64 << 20;

/// 256 colours.
const MAX_PALETTE_BYTES: usize = 3 * 256;

/// XMP is a few kilobytes; more than this is not searched for an orientation.
const MAX_XMP_BYTES: usize = 1 << 20;

/// The highest compression ratio of deflate.
const MAX_DEFLATE_RATIO: u64 = 1032;

fn malformed(problem: &'static str) -> MediaError {
    CorruptImage::Malformed { format: ImageFormat::Png, problem }.into()
}

fn undecodable(source: DecodingError) -> MediaError {
    CorruptImage::Undecodable { format: ImageFormat::Png, source: source.into() }.into()
}

pub(super) fn decode_png(bytes: &[u8], max_pixels: u64) -> Result<(Picture, OrientationMetadata), MediaError> {
    check_declared_size(bytes, max_pixels)?;
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MAX_METADATA_BYTES });
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_iccp_chunk(true);
    // A checksum changes no pixel, but a file whose checksums fail is damaged.
    decoder.ignore_checksums(false);
    let mut reader = decoder.read_info().map_err(undecodable)?;
    let (width, height) = (reader.info().width, reader.info().height);
    let (stored_type, stored_depth) = (reader.info().color_type, reader.info().bit_depth);
    if stored_type == ColorType::Indexed && !reader.info().palette.as_deref().is_some_and(is_palette) {
        return Err(malformed("has a palette of a wrong length"));
    }
    let bits = u64::from(width) * u64::from(height) * reader.info().bits_per_pixel() as u64;
    if bits / 8 > bytes.len() as u64 * MAX_DEFLATE_RATIO {
        return Err(malformed("is too short for its size"));
    }
    let len = reader.output_buffer_size().ok_or(MediaError::SizeMismatch)?;
    let mut pixels = vec![0; len];
    let frame = reader.next_frame(&mut pixels).map_err(undecodable)?;
    pixels.truncate(frame.buffer_size());
    if frame.bit_depth == BitDepth::Sixteen {
        pixels = to_eight_bits(&pixels, stored_type);
    }
    // Metadata may also follow the pixels. Damage there does not affect them.
    let _ = reader.finish();
    let metadata = orientation_metadata(reader.info());
    let (width, height) = (width as usize, height as usize);
    let has_alpha =
        stored_type == ColorType::Rgba || (stored_type, stored_depth) == (ColorType::GrayscaleAlpha, BitDepth::Sixteen);
    let picture = if has_alpha {
        Picture::from_rgba(width, height, &to_rgba(pixels, frame.color_type))
    } else {
        Picture::from_rgb(width, height, to_rgb(pixels, frame.color_type))
    };
    Ok((picture?, metadata))
}

/// Checks the size in the header before the decoder sees it, which reports very long rows as damage.
fn check_declared_size(bytes: &[u8], max_pixels: u64) -> Result<(), MediaError> {
    if let [.., b'I', b'H', b'D', b'R', a, b, c, d, e, f, g, h] = *bytes.get(..24).unwrap_or_default() {
        let side = |bytes| u64::from(u32::from_be_bytes(bytes));
        check_pixel_count(side([a, b, c, d]), side([e, f, g, h]), max_pixels)?;
    }
    Ok(())
}

/// Whether it is a list of colours, as the decoder takes for granted.
fn is_palette(bytes: &[u8]) -> bool {
    bytes.len().is_multiple_of(3) && bytes.len() <= MAX_PALETTE_BYTES
}

fn to_rgba(pixels: Vec<u8>, color_type: ColorType) -> Vec<u8> {
    match color_type {
        ColorType::GrayscaleAlpha => pixels.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect(),
        _ => pixels,
    }
}

fn to_rgb(pixels: Vec<u8>, color_type: ColorType) -> Vec<u8> {
    match color_type {
        ColorType::Rgba => pixels.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect(),
        ColorType::Grayscale => pixels.iter().flat_map(|&v| [v; 3]).collect(),
        ColorType::GrayscaleAlpha => pixels.chunks_exact(2).flat_map(|p| [p[0]; 3]).collect(),
        ColorType::Rgb | ColorType::Indexed => pixels,
    }
}

/// Keeps the upper byte of each sample, except in plain 16-bit grey: Pillow opens that as 32-bit integers, which it
/// clamps to 255 when it converts them to RGB.
fn to_eight_bits(pixels: &[u8], stored_type: ColorType) -> Vec<u8> {
    let clamp = stored_type == ColorType::Grayscale;
    pixels
        .chunks_exact(2)
        .map(|b| match b[0] {
            0 if clamp => b[1],
            _ if clamp => 255,
            upper => upper,
        })
        .collect()
}

fn orientation_metadata(info: &Info) -> OrientationMetadata {
    let xmp = info.utf8_text.iter().find(|chunk| chunk.keyword == "XML:com.adobe.xmp");
    let xmp = xmp.cloned().and_then(|mut chunk| {
        // `get_text` alone would inflate a compressed chunk without a limit.
        chunk.decompress_text_with_limit(MAX_XMP_BYTES).ok()?;
        chunk.get_text().ok().map(String::into_bytes)
    });
    OrientationMetadata::new(info.exif_metadata.as_ref().map(|exif| exif.to_vec()), xmp)
}

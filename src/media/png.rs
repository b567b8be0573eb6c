//! PNG, whose colour types the reference's library treats one by one: true colour with alpha, and grey with alpha of
//! sixteen bits, are laid on white; of other grey with alpha, palettes and single transparent colours the alpha is
//! dropped.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Info, Limits, Transformations};

use super::decode::check_size;
use super::exif::Hints;
use super::{MediaError, Picture};

/// Room for what the decoder holds besides the pixels, such as text chunks.
const MAX_OTHER_BYTES: usize = 64 << 20;

/// No byte of compressed data stands for more bytes than this.
const MOST_COMPRESSED: u64 = 1032;

pub(super) fn decode_png(bytes: &[u8], max_pixels: u64) -> Result<(Picture, Hints), MediaError> {
    // The decoder refuses very long rows as damage before it tells the size.
    if let [.., b'I', b'H', b'D', b'R', a, b, c, d, e, f, g, h] = *bytes.get(..24).unwrap_or_default() {
        let side = |bytes| u64::from(u32::from_be_bytes(bytes));
        check_size(side([a, b, c, d]), side([e, f, g, h]), max_pixels)?;
    }
    let corrupt = |e: png::DecodingError| MediaError::Corrupt(e.to_string());
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MAX_OTHER_BYTES });
    decoder.set_transformations(Transformations::EXPAND);
    // A checksum does not change a pixel, but a file whose checksums fail is damaged.
    decoder.ignore_checksums(false);
    let mut reader = decoder.read_info().map_err(corrupt)?;
    let (width, height) = (reader.info().width, reader.info().height);
    let (stored, depth) = (reader.info().color_type, reader.info().bit_depth);
    let bits = u64::from(width) * u64::from(height) * reader.info().bits_per_pixel() as u64;
    if bits / 8 > bytes.len() as u64 * MOST_COMPRESSED {
        return Err(MediaError::Corrupt("the PNG is too short for its size".into()));
    }
    let len = reader.output_buffer_size().ok_or(MediaError::Pixels)?;
    let mut pixels = vec![0; len];
    let frame = reader.next_frame(&mut pixels).map_err(corrupt)?;
    pixels.truncate(frame.buffer_size());
    if frame.bit_depth == BitDepth::Sixteen {
        pixels = eight_bits(&pixels, stored);
    }
    // What follows the pixels may be damaged; they are not.
    let _ = reader.finish();
    let hints = hints(reader.info());
    let (width, height) = (width as usize, height as usize);
    let keeps_alpha = stored == ColorType::Rgba || (stored, depth) == (ColorType::GrayscaleAlpha, BitDepth::Sixteen);
    if keeps_alpha {
        if frame.color_type == ColorType::GrayscaleAlpha {
            pixels = pixels.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect();
        }
        return Ok((Picture::from_rgba(width, height, &pixels)?, hints));
    }
    let rgb = match frame.color_type {
        ColorType::Rgba => pixels.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect(),
        ColorType::Grayscale => pixels.iter().flat_map(|&v| [v; 3]).collect(),
        ColorType::GrayscaleAlpha => pixels.chunks_exact(2).flat_map(|p| [p[0]; 3]).collect(),
        ColorType::Rgb | ColorType::Indexed => pixels,
    };
    Ok((Picture::from_rgb(width, height, rgb)?, hints))
}

/// The upper byte of two; but the reference's library keeps plain grey as numbers up to 65,535, and cuts those off at
/// 255 when it makes them colours.
fn eight_bits(pixels: &[u8], stored: ColorType) -> Vec<u8> {
    let cut = stored == ColorType::Grayscale;
    pixels
        .chunks_exact(2)
        .map(|b| match b[0] {
            0 if cut => b[1],
            _ if cut => 255,
            upper => upper,
        })
        .collect()
}

fn hints(info: &Info) -> Hints {
    let xmp = info.utf8_text.iter().find(|chunk| chunk.keyword == "XML:com.adobe.xmp");
    let xmp = xmp.and_then(|chunk| chunk.get_text().ok()).map(String::into_bytes);
    Hints::new(info.exif_metadata.as_ref().map(|exif| exif.to_vec()), xmp)
}

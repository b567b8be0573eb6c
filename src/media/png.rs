//! PNG, whose colour types the reference's library treats one by one: only true colour with alpha is laid on white;
//! of grey with alpha, palettes and single transparent colours the alpha is dropped.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Limits, Transformations};

use super::decode::check_size;
use super::{MediaError, Picture};

/// Room for what the decoder holds besides the pixels, such as text chunks.
const MAX_OTHER_BYTES: usize = 64 << 20;

pub(super) fn decode_png(bytes: &[u8], max_pixels: u64) -> Result<Picture, MediaError> {
    let corrupt = |e: png::DecodingError| MediaError::Corrupt(e.to_string());
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MAX_OTHER_BYTES });
    decoder.set_transformations(Transformations::EXPAND);
    // A checksum does not change a pixel, but a file whose checksums fail is damaged.
    decoder.ignore_checksums(false);
    let mut reader = decoder.read_info().map_err(corrupt)?;
    let (width, height) = (reader.info().width, reader.info().height);
    check_size(u64::from(width), u64::from(height), max_pixels)?;
    let stored = reader.info().color_type;
    let len = reader.output_buffer_size().ok_or(MediaError::Pixels)?;
    let mut pixels = vec![0; len];
    let frame = reader.next_frame(&mut pixels).map_err(corrupt)?;
    pixels.truncate(frame.buffer_size());
    let eight = match frame.bit_depth {
        BitDepth::Sixteen if stored == ColorType::Grayscale => grey16(&pixels),
        // The upper byte of the two.
        BitDepth::Sixteen => pixels.chunks_exact(2).map(|b| b[0]).collect(),
        _ => pixels,
    };
    let (width, height) = (width as usize, height as usize);
    let rgb = match frame.color_type {
        ColorType::Rgba if stored == ColorType::Rgba => return Picture::from_rgba(width, height, &eight),
        ColorType::Rgba => eight.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect(),
        ColorType::Rgb => eight,
        ColorType::Grayscale => eight.iter().flat_map(|&v| [v; 3]).collect(),
        ColorType::GrayscaleAlpha => eight.chunks_exact(2).flat_map(|p| [p[0]; 3]).collect(),
        ColorType::Indexed => return Err(MediaError::Corrupt("its palette was not expanded".into())),
    };
    Picture::from_rgb(width, height, rgb)
}

/// The reference's library keeps sixteen bits of grey and takes the upper eight when it makes them colours.
fn grey16(pixels: &[u8]) -> Vec<u8> {
    pixels.chunks_exact(2).map(|b| b[0]).collect()
}

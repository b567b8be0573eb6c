//! BMP, in the variants that Pillow accepts.

mod error;
mod header;
mod rle;

use self::error::malformed;
use self::header::{BmpHeader, BmpPacking};
use self::rle::expand_rle;
use super::error::MediaError;
use super::picture::Picture;
use super::pixel_limit::check_pixel_count;

pub(super) fn decode_bmp(bytes: &[u8], max_pixels: u64) -> Result<Picture, MediaError> {
    let header = BmpHeader::read(bytes)?;
    check_pixel_count(header.width as u64, header.height as u64, max_pixels)?;
    if header.width == 0 || header.height == 0 {
        return Err(malformed("has no pixels"));
    }
    let body = bytes.get(header.pixel_offset..).ok_or_else(|| malformed("ends before its pixels"))?;
    if let BmpPacking::Rle(bits) = header.packing {
        let indices = expand_rle(body, header.width, header.height, bits)?;
        return unpack_rows(&header, &indices, header.width, |row, out| unpack_indices(row, 8, &header.palette, out));
    }
    let stride = (header.width * header.bits).div_ceil(32) * 4;
    // The padding after the last row may be missing.
    let last_row_len = (header.width * header.bits).div_ceil(8);
    if body.len() < stride * (header.height - 1) + last_row_len {
        return Err(malformed("ends within its pixels"));
    }
    match header.packing {
        BmpPacking::Bytes { len, rgb: [r, g, b], alpha: Some(a) } => {
            unpack_rgba(&header, body, stride, len, [r, g, b, a])
        }
        BmpPacking::Bytes { len, rgb: [r, g, b], alpha: None } => unpack_rows(&header, body, stride, |row, out| {
            for (out, p) in out.chunks_exact_mut(3).zip(row.chunks_exact(len)) {
                out.copy_from_slice(&[p[r], p[g], p[b]]);
            }
        }),
        BmpPacking::Rgb555 => {
            unpack_rows(&header, body, stride, |row, out| unpack_words(row, [(10, 31), (5, 31), (0, 31)], out))
        }
        BmpPacking::Rgb565 => {
            unpack_rows(&header, body, stride, |row, out| unpack_words(row, [(11, 31), (5, 63), (0, 31)], out))
        }
        BmpPacking::Indexed(bits) | BmpPacking::Rle(bits) => {
            unpack_rows(&header, body, stride, |row, out| unpack_indices(row, bits, &header.palette, out))
        }
    }
}

/// Converts each row to RGB, from the top of the picture.
fn unpack_rows(
    header: &BmpHeader,
    body: &[u8],
    stride: usize,
    unpack: impl Fn(&[u8], &mut [u8]),
) -> Result<Picture, MediaError> {
    let mut rgb = vec![0; header.width * header.height * 3];
    for (y, out) in rgb.chunks_exact_mut(header.width * 3).enumerate() {
        unpack(stored_row(header, body, stride, y), out);
    }
    Picture::from_rgb(header.width, header.height, rgb)
}

/// The bytes of row `y`, counted from the top of the picture.
fn stored_row<'a>(header: &BmpHeader, body: &'a [u8], stride: usize, y: usize) -> &'a [u8] {
    let stored = if header.top_down { y } else { header.height - 1 - y };
    let rest = &body[stored * stride..];
    &rest[..stride.min(rest.len())]
}

fn unpack_rgba(
    header: &BmpHeader,
    body: &[u8],
    stride: usize,
    pixel_len: usize,
    channels: [usize; 4],
) -> Result<Picture, MediaError> {
    let mut rgba = Vec::with_capacity(header.width * header.height * 4);
    for y in 0..header.height {
        let pixels = stored_row(header, body, stride, y).chunks_exact(pixel_len).take(header.width);
        rgba.extend(pixels.flat_map(|p| channels.map(|offset| p[offset])));
    }
    Picture::from_rgba(header.width, header.height, &rgba)
}

/// Unpacks 16-bit words that hold three channels, each given as its shift and its largest value.
fn unpack_words(row: &[u8], channels: [(u32, u32); 3], out: &mut [u8]) {
    for (out, pixel) in out.chunks_exact_mut(3).zip(row.chunks_exact(2)) {
        let word = u32::from(pixel[0]) | u32::from(pixel[1]) << 8;
        out.copy_from_slice(&channels.map(|(shift, max)| ((word >> shift & max) * 255 / max) as u8));
    }
}

fn unpack_indices(row: &[u8], bits: u32, palette: &[[u8; 3]], out: &mut [u8]) {
    let per_byte = 8 / bits as usize;
    for (x, out) in out.chunks_exact_mut(3).enumerate() {
        let shift = 8 - bits * (x % per_byte + 1) as u32;
        let index = row[x / per_byte] >> shift & (0xFFu8 >> (8 - bits));
        out.copy_from_slice(palette.get(usize::from(index)).unwrap_or(&[0; 3]));
    }
}

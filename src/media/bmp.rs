//! BMP: the kinds that the reference's library takes.

use super::bmp_header::{Header, Packing};
use super::bmp_rle::expand;
use super::decode::check_size;
use super::{MediaError, Picture};

pub(super) fn corrupt(what: &str) -> MediaError {
    MediaError::Corrupt(format!("the BMP {what}"))
}

pub(super) fn unsupported(what: &str) -> MediaError {
    MediaError::Unsupported(format!("a BMP {what}"))
}

pub(super) fn decode_bmp(bytes: &[u8], max_pixels: u64) -> Result<Picture, MediaError> {
    let header = Header::read(bytes)?;
    check_size(header.width as u64, header.height as u64, max_pixels)?;
    if header.width == 0 || header.height == 0 {
        return Err(corrupt("has no pixels"));
    }
    let body = bytes.get(header.start..).ok_or_else(|| corrupt("ends before its pixels"))?;
    if let Packing::Runs(bits) = header.packing {
        let indices = expand(body, header.width, header.height, bits)?;
        return finish(&header, &indices, header.width, |row, out| indexed(row, 8, &header.palette, out));
    }
    let stride = (header.width * header.bits).div_ceil(32) * 4;
    // The last row may lack what only fills it.
    let used = (header.width * header.bits).div_ceil(8);
    if body.len() < stride * (header.height - 1) + used {
        return Err(corrupt("ends within its pixels"));
    }
    match header.packing {
        Packing::Bytes(each, places, Some(alpha)) => {
            with_alpha(&header, body, stride, each, [places[0], places[1], places[2], alpha])
        }
        Packing::Bytes(each, [r, g, b], None) => finish(&header, body, stride, |row, out| {
            for (out, p) in out.chunks_exact_mut(3).zip(row.chunks_exact(each)) {
                out.copy_from_slice(&[p[r], p[g], p[b]]);
            }
        }),
        Packing::Five => finish(&header, body, stride, |row, out| words(row, [(10, 31), (5, 31), (0, 31)], out)),
        Packing::FiveSix => finish(&header, body, stride, |row, out| words(row, [(11, 31), (5, 63), (0, 31)], out)),
        Packing::Indexed(bits) | Packing::Runs(bits) => {
            finish(&header, body, stride, |row, out| indexed(row, bits, &header.palette, out))
        }
    }
}

/// Rows in the order of the picture, each unpacked.
fn finish(
    header: &Header,
    body: &[u8],
    stride: usize,
    unpack: impl Fn(&[u8], &mut [u8]),
) -> Result<Picture, MediaError> {
    let mut rgb = vec![0; header.width * header.height * 3];
    for (y, out) in rgb.chunks_exact_mut(header.width * 3).enumerate() {
        unpack(row(header, body, stride, y), out);
    }
    Picture::from_rgb(header.width, header.height, rgb)
}

fn row<'a>(header: &Header, body: &'a [u8], stride: usize, y: usize) -> &'a [u8] {
    let stored = if header.top_down { y } else { header.height - 1 - y };
    let rest = &body[stored * stride..];
    &rest[..stride.min(rest.len())]
}

fn with_alpha(
    header: &Header,
    body: &[u8],
    stride: usize,
    each: usize,
    places: [usize; 4],
) -> Result<Picture, MediaError> {
    let mut rgba = Vec::with_capacity(header.width * header.height * 4);
    for y in 0..header.height {
        let pixels = row(header, body, stride, y).chunks_exact(each).take(header.width);
        rgba.extend(pixels.flat_map(|p| places.map(|place| p[place])));
    }
    Picture::from_rgba(header.width, header.height, &rgba)
}

/// Sixteen bits with three colours, each at a shift and up to a largest value.
fn words(row: &[u8], colours: [(u32, u32); 3], out: &mut [u8]) {
    for (out, pixel) in out.chunks_exact_mut(3).zip(row.chunks_exact(2)) {
        let word = u32::from(pixel[0]) | u32::from(pixel[1]) << 8;
        out.copy_from_slice(&colours.map(|(shift, most)| ((word >> shift & most) * 255 / most) as u8));
    }
}

fn indexed(row: &[u8], bits: u32, palette: &[[u8; 3]], out: &mut [u8]) {
    let each = 8 / bits as usize;
    for (x, out) in out.chunks_exact_mut(3).enumerate() {
        let shift = 8 - bits * (x % each + 1) as u32;
        let index = row[x / each] >> shift & (0xFFu8 >> (8 - bits));
        out.copy_from_slice(palette.get(usize::from(index)).unwrap_or(&[0; 3]));
    }
}

//! From the bytes of a file to pixels, decoded by us on every platform alike: a browser's decoders are not, and a
//! score must not depend on the browser.

use super::bmp::decode_bmp;
use super::gif::decode_gif;
use super::jpeg::decode_jpeg;
use super::png::decode_png;
use super::webp::decode_webp;
use super::{MediaError, Picture};

/// Pixels of the largest picture that is decoded: 8K by 8K, 192 MB of them once they are decoded.
const MAX_PIXELS: u64 = 1 << 26;

/// How a picture is decoded.
#[derive(Debug, Clone, Copy)]
pub struct DecodeOptions {
    /// A picture that says it has more pixels is refused before it is decoded.
    pub max_pixels: u64,
    /// Whether it is turned as its EXIF data says. The reference does not, so it is not done unless asked for.
    pub apply_orientation: bool,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self { max_pixels: MAX_PIXELS, apply_orientation: false }
    }
}

/// Decodes a PNG, JPEG, WebP, GIF (its first frame) or BMP. The bytes tell which it is, whatever its name says. A file
/// that ends before its last pixel is refused, as the reference refuses it.
pub fn decode(bytes: &[u8], options: &DecodeOptions) -> Result<Picture, MediaError> {
    let limit = options.max_pixels;
    let (picture, hints) = match bytes {
        [] => return Err(MediaError::Empty),
        [0x89, b'P', b'N', b'G', ..] => decode_png(bytes, limit)?,
        [0xFF, 0xD8, 0xFF, ..] => decode_jpeg(bytes, limit)?,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => decode_webp(bytes, limit)?,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => return decode_gif(bytes, limit),
        [b'B', b'M', ..] => return decode_bmp(bytes, limit),
        _ => return Err(MediaError::Unsupported(describe(bytes).to_owned())),
    };
    if options.apply_orientation { hints.turn(picture) } else { Ok(picture) }
}

/// Kinds that only a browser decodes, and the commonest mistake.
fn describe(bytes: &[u8]) -> &'static str {
    let head = &bytes[..bytes.len().min(256)];
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    match head {
        _ if text.contains("<svg") => "SVG",
        _ if text.contains("<html") || text.contains("<!doctype html") => "an HTML page, not a picture",
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => "TIFF",
        [0, 0, 1, 0, ..] => "an icon",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] if text.contains("avif") => "AVIF",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] if text.contains("heic") => "HEIC",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "a video, or a picture of the HEIF family",
        [0xFF, 0x0A, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => "JPEG XL",
        [b'%', b'P', b'D', b'F', ..] => "PDF",
        _ => "its first bytes are not those of any known kind",
    }
}

pub(super) fn check_size(width: u64, height: u64, limit: u64) -> Result<(), MediaError> {
    match width.checked_mul(height) {
        Some(pixels) if pixels <= limit => Ok(()),
        _ => Err(MediaError::TooLarge { width, height, limit }),
    }
}

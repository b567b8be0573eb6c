//! From the bytes of a file to pixels.

use super::bmp::decode_bmp;
use super::error::MediaError;
use super::gif::decode_gif;
use super::jpeg::decode_jpeg;
use super::picture::Picture;
use super::png::decode_png;
use super::webp::decode_webp;

/// The default limit: 8192 × 8192 pixels, which take 192 MiB as RGB.
const MAX_PIXELS: u64 = 1 << 26;

/// Bytes at the start of a file in which a text format is recognised, for the error message.
const TEXT_PROBE_BYTES: usize = 256;

/// How a picture is decoded.
#[derive(Debug, Clone, Copy)]
pub struct DecodeOptions {
    /// A picture whose header claims more pixels is refused before it is decoded.
    pub max_pixels: u64,
    /// Whether to apply the orientation in its EXIF or XMP metadata. The reference does not, so the default is not to.
    pub apply_orientation: bool,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self { max_pixels: MAX_PIXELS, apply_orientation: false }
    }
}

/// Decodes a PNG, JPEG, WebP, GIF (its first frame) or BMP, recognised by its first bytes. A file that ends before its
/// last pixel is refused, as Pillow refuses it.
///
/// ```
/// use secondpass::media::{DecodeOptions, decode};
///
/// // A BMP of one red pixel.
/// let mut bmp = b"BM".to_vec();
/// bmp.extend([0; 8]);
/// for field in [54u32, 40, 1, 1, 1 | 24 << 16, 0, 0, 0, 0, 0, 0] {
///     bmp.extend(field.to_le_bytes());
/// }
/// bmp.extend([0, 0, 255, 0]);
/// let picture = decode(&bmp, &DecodeOptions::default())?;
/// assert_eq!((picture.width(), picture.height(), picture.rgb()), (1, 1, &[255, 0, 0][..]));
/// # Ok::<(), secondpass::media::MediaError>(())
/// ```
pub fn decode(bytes: &[u8], options: &DecodeOptions) -> Result<Picture, MediaError> {
    let limit = options.max_pixels;
    let (picture, metadata) = match bytes {
        [] => return Err(MediaError::Empty),
        [0x89, b'P', b'N', b'G', ..] => decode_png(bytes, limit)?,
        [0xFF, 0xD8, 0xFF, ..] => decode_jpeg(bytes, limit)?,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => decode_webp(bytes, limit)?,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => return decode_gif(bytes, limit),
        [b'B', b'M', ..] => return decode_bmp(bytes, limit),
        _ => return Err(MediaError::Unsupported(describe(bytes).to_owned())),
    };
    if options.apply_orientation { metadata.apply(picture) } else { Ok(picture) }
}

/// Names the formats that only a browser decodes, and files that are commonly taken for pictures by mistake.
fn describe(bytes: &[u8]) -> &'static str {
    let start = &bytes[..bytes.len().min(TEXT_PROBE_BYTES)];
    let text = String::from_utf8_lossy(start).to_ascii_lowercase();
    match start {
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

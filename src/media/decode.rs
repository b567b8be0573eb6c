//! From the bytes of a file to pixels, decoded by us on every platform alike.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::png::decode_png;
use super::{MediaError, Picture};

/// Pixels of the largest picture that is decoded: 8K by 8K, 192 MB of them while it is decoded.
const MAX_PIXELS: u64 = 1 << 26;
/// Room for what a decoder holds besides.
const MAX_ALLOCATED_BYTES: u64 = 1 << 29;

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

/// Decodes a PNG, JPEG, WebP, GIF (its first frame) or BMP. The bytes tell which it is, whatever its name says.
pub fn decode(bytes: &[u8], options: &DecodeOptions) -> Result<Picture, MediaError> {
    let format = format_of(bytes)?;
    if format == ImageFormat::Png && !options.apply_orientation {
        return decode_png(bytes, options.max_pixels);
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_ALLOCATED_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(corrupt)?;
    let (width, height) = decoder.dimensions();
    check_size(u64::from(width), u64::from(height), options.max_pixels)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    if format == ImageFormat::Png {
        let picture = decode_png(bytes, options.max_pixels)?;
        return turned(picture, orientation);
    }
    let decoded = DynamicImage::from_decoder(decoder).map_err(corrupt)?;
    let picture = flatten(decoded, format)?;
    if options.apply_orientation { turned(picture, orientation) } else { Ok(picture) }
}

/// What the first bytes say a file is.
fn format_of(bytes: &[u8]) -> Result<ImageFormat, MediaError> {
    if bytes.is_empty() {
        return Err(MediaError::Empty);
    }
    const DECODED: [ImageFormat; 5] =
        [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp];
    match image::guess_format(bytes) {
        Ok(format) if DECODED.contains(&format) => Ok(format),
        Ok(other) => Err(MediaError::Unsupported(format!("{other:?}").to_uppercase())),
        Err(_) => Err(MediaError::Unsupported(describe(bytes).to_owned())),
    }
}

/// Kinds that only a browser decodes, and the commonest mistake.
fn describe(bytes: &[u8]) -> &'static str {
    let head = &bytes[..bytes.len().min(256)];
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    match () {
        () if text.contains("<svg") => "SVG",
        () if text.contains("<html") || text.contains("<!doctype html") => "an HTML page, not a picture",
        () if head.get(4..8) == Some(b"ftyp") && text.contains("heic") => "HEIC",
        () if head.get(4..8) == Some(b"ftyp") => "a video, or a picture of the HEIF family",
        () => "its first bytes are not those of any known kind",
    }
}

pub(super) fn check_size(width: u64, height: u64, limit: u64) -> Result<(), MediaError> {
    match width.checked_mul(height) {
        Some(pixels) if pixels <= limit => Ok(()),
        _ => Err(MediaError::TooLarge { width, height, limit }),
    }
}

/// Alpha is laid on white where the reference's library keeps it, which is not for GIF.
fn flatten(decoded: DynamicImage, format: ImageFormat) -> Result<Picture, MediaError> {
    let (width, height) = (decoded.width() as usize, decoded.height() as usize);
    if decoded.color().has_alpha() && format != ImageFormat::Gif {
        return Picture::from_rgba(width, height, decoded.into_rgba8().as_raw());
    }
    Picture::from_rgb(width, height, decoded.into_rgb8().into_raw())
}

fn turned(picture: Picture, orientation: Orientation) -> Result<Picture, MediaError> {
    let (width, height) = (picture.width as u32, picture.height as u32);
    let image = image::RgbImage::from_raw(width, height, picture.rgb).ok_or(MediaError::Pixels)?;
    let mut image = DynamicImage::ImageRgb8(image);
    image.apply_orientation(orientation);
    Picture::from_rgb(image.width() as usize, image.height() as usize, image.into_rgb8().into_raw())
}

fn corrupt(error: image::ImageError) -> MediaError {
    match error {
        image::ImageError::Unsupported(e) => MediaError::Unsupported(e.to_string()),
        other => MediaError::Corrupt(other.to_string()),
    }
}

//! GIF: its first frame, without transparency. Transparent pixels keep the colour that the palette gives them, as in
//! Pillow's conversion to RGB.

use std::borrow::Cow;

use gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};

use super::error::{CorruptImage, ImageFormat, MediaError};
use super::picture::Picture;
use super::pixel_limit::check_pixel_count;

fn malformed(problem: &'static str) -> MediaError {
    CorruptImage::Malformed { format: ImageFormat::Gif, problem }.into()
}

fn undecodable(source: DecodingError) -> MediaError {
    CorruptImage::Undecodable { format: ImageFormat::Gif, source: source.into() }.into()
}

pub(super) fn decode_gif(bytes: &[u8], max_pixels: u64) -> Result<Picture, MediaError> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    // The frame's buffer is allocated here, after its size was checked.
    options.set_memory_limit(MemoryLimit::Unlimited);
    let with_palette = with_global_palette(bytes);
    let mut decoder = options.read_info(with_palette.as_ref()).map_err(undecodable)?;
    let (screen_width, screen_height) = (usize::from(decoder.width()), usize::from(decoder.height()));
    let frame = decoder.next_frame_info().map_err(undecodable)?.ok_or_else(|| malformed("has no frame"))?;
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let (frame_width, frame_height) = (usize::from(frame.width), usize::from(frame.height));
    // A screen that is too small for the frame grows.
    let (width, height) = (screen_width.max(left + frame_width), screen_height.max(top + frame_height));
    check_pixel_count(width as u64, height as u64, max_pixels)?;
    let background = frame.transparent.unwrap_or(0);
    let local_palette = frame.palette.clone();
    let mut indices = vec![0; frame_width * frame_height];
    decoder.read_into_buffer(&mut indices).map_err(undecodable)?;
    let palette = local_palette.as_deref().or_else(|| decoder.global_palette()).unwrap_or_default();
    let colour = |index: u8| -> [u8; 3] {
        palette.get(usize::from(index) * 3..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default()
    };
    let mut rgb = colour(background).repeat(width * height);
    if frame_width > 0 {
        for (y, row) in indices.chunks_exact(frame_width).enumerate() {
            let start = ((top + y) * width + left) * 3;
            for (out, &index) in rgb[start..].chunks_exact_mut(3).zip(row) {
                out.copy_from_slice(&colour(index));
            }
        }
    }
    Picture::from_rgb(width, height, rgb)
}

/// Inserts a grey ramp into a file without a global palette: Pillow reads a frame that has no palette at all as grey,
/// and the decoder refuses it.
fn with_global_palette(bytes: &[u8]) -> Cow<'_, [u8]> {
    const FLAGS_OFFSET: usize = 10;
    const HEADER_LEN: usize = 13;
    const HAS_PALETTE: u8 = 0x80;
    const SIZE_256: u8 = 0x07;
    match bytes.get(FLAGS_OFFSET) {
        Some(flags) if flags & HAS_PALETTE == 0 && bytes.len() >= HEADER_LEN => {
            let mut out = bytes[..HEADER_LEN].to_vec();
            out[FLAGS_OFFSET] |= HAS_PALETTE | SIZE_256;
            out.extend((0..=255u8).flat_map(|level| [level; 3]));
            out.extend_from_slice(&bytes[HEADER_LEN..]);
            Cow::Owned(out)
        }
        _ => Cow::Borrowed(bytes),
    }
}

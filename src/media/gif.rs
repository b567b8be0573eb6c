//! GIF, of which the first frame is looked at, with the colours that its palette gives also to what is transparent.

use std::borrow::Cow;

use gif::{ColorOutput, DecodeOptions, MemoryLimit};

use super::decode::check_size;
use super::{MediaError, Picture};

pub(super) fn decode_gif(bytes: &[u8], max_pixels: u64) -> Result<Picture, MediaError> {
    let corrupt = |e: gif::DecodingError| MediaError::Corrupt(format!("the GIF cannot be decoded: {e}"));
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    // The room for a frame is made here, once its size is known to be allowed.
    options.set_memory_limit(MemoryLimit::Unlimited);
    let whole = with_palette(bytes);
    let mut decoder = options.read_info(whole.as_ref()).map_err(corrupt)?;
    let (screen_width, screen_height) = (usize::from(decoder.width()), usize::from(decoder.height()));
    let frame = decoder.next_frame_info().map_err(corrupt)?;
    let frame = frame.ok_or_else(|| MediaError::Corrupt("the GIF has no frame".into()))?;
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let (across, down) = (usize::from(frame.width), usize::from(frame.height));
    // What the frame does not cover has its transparent colour, or the first; a screen too small for it grows.
    let (width, height) = (screen_width.max(left + across), screen_height.max(top + down));
    check_size(width as u64, height as u64, max_pixels)?;
    let outside = frame.transparent.unwrap_or(0);
    let own = frame.palette.clone();
    let mut indices = vec![0; across * down];
    decoder.read_into_buffer(&mut indices).map_err(corrupt)?;
    let palette = own.as_deref().or_else(|| decoder.global_palette()).unwrap_or_default();
    let colour = |index: u8| -> [u8; 3] {
        palette.get(usize::from(index) * 3..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default()
    };
    let mut rgb = colour(outside).repeat(width * height);
    if across > 0 {
        for (y, row) in indices.chunks_exact(across).enumerate() {
            let start = ((top + y) * width + left) * 3;
            for (out, &index) in rgb[start..].chunks_exact_mut(3).zip(row) {
                out.copy_from_slice(&colour(index));
            }
        }
    }
    Picture::from_rgb(width, height, rgb)
}

/// A file without a palette for all frames is given one of greys: what has no palette is grey, but the decoder insists.
fn with_palette(bytes: &[u8]) -> Cow<'_, [u8]> {
    const FLAGS: usize = 10;
    const HEADER: usize = 13;
    match bytes.get(FLAGS) {
        Some(flags) if flags & 0x80 == 0 && bytes.len() >= HEADER => {
            let mut whole = bytes[..HEADER].to_vec();
            whole[FLAGS] |= 0x87;
            whole.extend((0..=255u8).flat_map(|level| [level; 3]));
            whole.extend_from_slice(&bytes[HEADER..]);
            Cow::Owned(whole)
        }
        _ => Cow::Borrowed(bytes),
    }
}

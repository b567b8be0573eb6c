//! Run-length encoded pixels of a BMP.

use super::super::error::MediaError;
use super::error::malformed;

/// Decodes RLE4 or RLE8 to one palette index for each pixel. Pixels that are skipped get index 0. Data that ends before
/// the last row is refused, as in Pillow.
pub(super) fn expand_rle(body: &[u8], width: usize, height: usize, bits: u32) -> Result<Vec<u8>, MediaError> {
    let short = || malformed("ends within its pixels");
    let is_rle4 = bits == 4;
    let mut out = vec![0; width * height];
    let (mut x, mut y, mut at) = (0usize, 0usize, 0);
    while y < height && (x < width || y + 1 < height) {
        let &[count, value] = body.get(at..).and_then(|rest| rest.first_chunk::<2>()).ok_or_else(short)?;
        at += 2;
        // What a run has beyond the end of its row is dropped.
        let row = &mut out[y * width..][..width];
        let mut put = |len: usize, index: &dyn Fn(usize) -> u8| {
            let rest = &mut row[x.min(width)..];
            let len = len.min(rest.len());
            rest[..len].iter_mut().enumerate().for_each(|(i, out)| *out = index(i));
            x += len;
        };
        match (count, value) {
            // End of line, end of bitmap, delta.
            (0, 0) => (x, y) = (0, y + 1),
            (0, 1) => return Err(short()),
            (0, 2) => {
                let &[right, down] = body.get(at..).and_then(|rest| rest.first_chunk::<2>()).ok_or_else(short)?;
                at += 2;
                (x, y) = (x.saturating_add(usize::from(right)), y + usize::from(down));
            }
            // Literal indices, padded to whole words.
            (0, literals) => {
                let count = usize::from(literals);
                let len = if is_rle4 { count.div_ceil(2) } else { count };
                let bytes = body.get(at..at + len).ok_or_else(short)?;
                put(count, &|i| if is_rle4 { nibble(bytes[i / 2], i) } else { bytes[i] });
                at += len.next_multiple_of(2);
            }
            (count, value) => put(usize::from(count), &|i| if is_rle4 { nibble(value, i) } else { value }),
        }
    }
    Ok(out)
}

/// The upper half of a byte for even positions, the lower one for odd ones.
fn nibble(byte: u8, i: usize) -> u8 {
    if i.is_multiple_of(2) { byte >> 4 } else { byte & 15 }
}

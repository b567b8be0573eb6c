//! Runs of a compressed BMP.

use super::MediaError;
use super::bmp::corrupt;

/// An index for each pixel. What is jumped over has the first colour, but the last row must be reached: a file that
/// stops before is taken as damaged, as the reference takes it.
pub(super) fn expand(body: &[u8], width: usize, height: usize, bits: u32) -> Result<Vec<u8>, MediaError> {
    let short = || corrupt("ends within its pixels");
    let four = bits == 4;
    let mut out = vec![0; width * height];
    let (mut x, mut y, mut at) = (0, 0, 0);
    while y < height && (x < width || y + 1 < height) {
        let &[count, value] = body.get(at..).and_then(|rest| rest.first_chunk::<2>()).ok_or_else(short)?;
        at += 2;
        let mut put = |x: &mut usize, index: u8| {
            if *x < width {
                out[y * width + *x] = index;
                *x += 1;
            }
        };
        match (count, value) {
            (0, 0) => (x, y) = (0, y + 1),
            (0, 1) => return Err(short()),
            (0, 2) => {
                let &[right, down] = body.get(at..).and_then(|rest| rest.first_chunk::<2>()).ok_or_else(short)?;
                at += 2;
                (x, y) = (x + usize::from(right), y + usize::from(down));
            }
            (0, literal) => {
                let literal = usize::from(literal);
                let len = if four { literal.div_ceil(2) } else { literal };
                let bytes = body.get(at..at + len).ok_or_else(short)?;
                (0..literal).for_each(|i| put(&mut x, if four { nibble(bytes[i / 2], i) } else { bytes[i] }));
                // Each such stretch fills whole words.
                at += len.next_multiple_of(2);
            }
            (count, value) => {
                (0..usize::from(count)).for_each(|i| put(&mut x, if four { nibble(value, i) } else { value }));
            }
        }
    }
    Ok(out)
}

fn nibble(byte: u8, i: usize) -> u8 {
    if i.is_multiple_of(2) { byte >> 4 } else { byte & 15 }
}

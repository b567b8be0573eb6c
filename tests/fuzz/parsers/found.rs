//! Inputs that a fuzzer found, and that took more memory or time than they may. Those that ended in a panic are cases of the
//! parsers' own tests.

use super::read;

/// Those for one parser.
pub fn found(parser: &str) -> Vec<Vec<u8>> {
    match parser {
        "webp" => vec![
            // Half a gigabyte of metadata.
            patched("pictures/turned6.webp", b"EXIF", 4, &[0xFF, 0xFF, 0xFF, 0x1F]),
            // A frame of 16383 × 16383 pixels on a small canvas.
            patched("pictures/lossy-alpha.webp", b"VP8 ", 14, &[0xFF, 0x3F, 0xFF, 0x3F]),
        ],
        _ => Vec::new(),
    }
}

/// A fixture with other bytes, so many behind the last of a mark.
fn patched(file: &str, mark: &[u8], behind: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = read(file);
    let at = file.windows(mark.len()).rposition(|window| window == mark).expect("the mark") + behind;
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

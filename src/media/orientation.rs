//! The orientation that a file's metadata asks for.

use super::picture::Picture;

const ORIENTATION_TAG: u16 = 0x0112;

/// TIFF field types that an orientation may have.
const TIFF_BYTE: u32 = 1;
const TIFF_SHORT: u32 = 3;
const TIFF_LONG: u32 = 4;

/// The metadata blocks of a file in which an orientation may stand.
#[derive(Debug, Default)]
pub(super) struct OrientationMetadata {
    exif: Option<Vec<u8>>,
    xmp: Option<Vec<u8>>,
}

impl OrientationMetadata {
    pub fn new(exif: Option<Vec<u8>>, xmp: Option<Vec<u8>>) -> Self {
        Self { exif, xmp }
    }

    /// Keeps the body of a JPEG's APP1 segment if it is EXIF or XMP.
    pub fn add_app1(&mut self, body: &[u8]) {
        if body.starts_with(b"Exif\0\0") && self.exif.is_none() {
            self.exif = Some(body.to_vec());
        } else if let Some(xmp) = body.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
            self.xmp = Some(xmp.to_vec());
        }
    }

    /// The orientation in EXIF or, where EXIF has none, in XMP.
    fn orientation(&self) -> Option<u32> {
        let exif = self.exif.as_deref().and_then(exif_orientation);
        exif.or_else(|| self.xmp.as_deref().and_then(xmp_orientation))
    }

    /// The picture, rotated and flipped as the metadata asks.
    pub fn apply(&self, picture: Picture) -> Picture {
        match self.orientation() {
            Some(orientation @ 2..=8) => orient(&picture, orientation),
            _ => picture,
        }
    }
}

/// Applies an EXIF orientation, which says at which sides of the picture the first stored row and column are.
fn orient(picture: &Picture, orientation: u32) -> Picture {
    let (stored_width, stored_height) = (picture.width, picture.height);
    let is_transposed = orientation >= 5;
    let (width, height) = if is_transposed { (stored_height, stored_width) } else { (stored_width, stored_height) };
    let mut rgb = Vec::with_capacity(picture.rgb.len());
    for y in 0..height {
        for x in 0..width {
            let (right_x, bottom_y) = (width - 1 - x, height - 1 - y);
            let (column, row) = match orientation {
                2 => (right_x, y),
                3 => (right_x, bottom_y),
                4 => (x, bottom_y),
                5 => (y, x),
                6 => (y, right_x),
                7 => (bottom_y, right_x),
                _ => (bottom_y, x),
            };
            rgb.extend_from_slice(&picture.rgb[(row * stored_width + column) * 3..][..3]);
        }
    }
    Picture { width, height, rgb }
}

/// Reads the tag from the first directory of the TIFF structure in an EXIF block.
fn exif_orientation(exif: &[u8]) -> Option<u32> {
    let tiff = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let little_endian = tiff.starts_with(b"II");
    if !little_endian && !tiff.starts_with(b"MM") {
        return None;
    }
    let number = |offset: usize, len: usize| {
        let bytes = tiff.get(offset..offset.checked_add(len)?)?;
        let add = |sum: u32, &byte: &u8| sum << 8 | u32::from(byte);
        Some(if little_endian { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
    };
    let directory = number(4, 4)? as usize;
    let entry = |i: usize| directory.checked_add(2 + 12 * i);
    let entry = (0..number(directory, 2)? as usize)
        .map_while(entry)
        .find(|&offset| number(offset, 2) == Some(u32::from(ORIENTATION_TAG)))?;
    match number(entry + 2, 2)? {
        TIFF_BYTE => number(entry + 8, 1),
        TIFF_SHORT => number(entry + 8, 2),
        TIFF_LONG => number(entry + 8, 4),
        _ => None,
    }
}

/// Finds `tiff:Orientation` as an attribute or as an element, without parsing the XML.
fn xmp_orientation(xmp: &[u8]) -> Option<u32> {
    const NAME: &[u8] = b"tiff:Orientation";
    let values = xmp.windows(NAME.len()).enumerate().filter(|(_, w)| *w == NAME).map(|(i, _)| &xmp[i + NAME.len()..]);
    let digit = |rest: &[u8]| match rest {
        [b'=', b'"', digit, ..] | [b'>', digit, ..] if digit.is_ascii_digit() => Some(u32::from(digit - b'0')),
        _ => None,
    };
    values.filter_map(digit).next()
}

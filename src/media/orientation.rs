//! The orientation that a file's metadata asks for.

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

use super::error::MediaError;
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
    fn orientation(&self) -> Option<Orientation> {
        let exif = self.exif.as_deref().and_then(exif_orientation);
        let number = exif.or_else(|| self.xmp.as_deref().and_then(xmp_orientation))?;
        Orientation::from_exif(u8::try_from(number).ok()?)
    }

    /// The picture, rotated and flipped as the metadata asks.
    pub fn apply(&self, picture: Picture) -> Result<Picture, MediaError> {
        let Some(orientation) = self.orientation() else { return Ok(picture) };
        let pixels = RgbImage::from_raw(picture.width as u32, picture.height as u32, picture.rgb);
        let mut image = DynamicImage::ImageRgb8(pixels.ok_or(MediaError::SizeMismatch)?);
        image.apply_orientation(orientation);
        Picture::from_rgb(image.width() as usize, image.height() as usize, image.into_rgb8().into_raw())
    }
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

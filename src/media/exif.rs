//! How a picture says that it is to be turned.

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

use super::{MediaError, Picture};

const ORIENTATION: u16 = 0x0112;

/// The parts of a file that tell it, as they were found.
#[derive(Debug, Default)]
pub(super) struct Hints {
    exif: Option<Vec<u8>>,
    xmp: Option<Vec<u8>>,
}

impl Hints {
    pub fn new(exif: Option<Vec<u8>>, xmp: Option<Vec<u8>>) -> Self {
        Self { exif, xmp }
    }

    /// Takes note of what an application wrote into a JPEG.
    pub fn note_jpeg(&mut self, body: &[u8]) {
        if body.starts_with(b"Exif\0\0") && self.exif.is_none() {
            self.exif = Some(body.to_vec());
        } else if let Some(xmp) = body.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
            self.xmp = Some(xmp.to_vec());
        }
    }

    /// XMP counts where EXIF says nothing.
    fn orientation(&self) -> Option<Orientation> {
        let said = self.exif.as_deref().and_then(exif_orientation);
        let number = said.or_else(|| self.xmp.as_deref().and_then(xmp_orientation))?;
        Orientation::from_exif(u8::try_from(number).ok()?)
    }

    /// The picture as it is meant to be looked at.
    pub fn turn(&self, picture: Picture) -> Result<Picture, MediaError> {
        let Some(orientation) = self.orientation() else { return Ok(picture) };
        let pixels = RgbImage::from_raw(picture.width as u32, picture.height as u32, picture.rgb);
        let mut image = DynamicImage::ImageRgb8(pixels.ok_or(MediaError::Pixels)?);
        image.apply_orientation(orientation);
        Picture::from_rgb(image.width() as usize, image.height() as usize, image.into_rgb8().into_raw())
    }
}

fn exif_orientation(exif: &[u8]) -> Option<u32> {
    let tiff = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let little = tiff.starts_with(b"II");
    if !little && !tiff.starts_with(b"MM") {
        return None;
    }
    let number = |at: usize, len: usize| {
        let bytes = tiff.get(at..at.checked_add(len)?)?;
        let add = |sum: u32, &byte: &u8| sum << 8 | u32::from(byte);
        Some(if little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
    };
    let directory = number(4, 4)? as usize;
    let entry = |i: usize| directory.checked_add(2 + 12 * i);
    let at = (0..number(directory, 2)? as usize)
        .map_while(entry)
        .find(|&at| number(at, 2) == Some(u32::from(ORIENTATION)))?;
    match number(at + 2, 2)? {
        1 => number(at + 8, 1),
        3 => number(at + 8, 2),
        4 => number(at + 8, 4),
        _ => None,
    }
}

fn xmp_orientation(xmp: &[u8]) -> Option<u32> {
    const NAME: &[u8] = b"tiff:Orientation";
    let values = xmp.windows(NAME.len()).enumerate().filter(|(_, w)| *w == NAME).map(|(i, _)| &xmp[i + NAME.len()..]);
    let digit = |rest: &[u8]| match rest {
        [b'=', b'"', digit, ..] | [b'>', digit, ..] if digit.is_ascii_digit() => Some(u32::from(digit - b'0')),
        _ => None,
    };
    values.filter_map(digit).next()
}

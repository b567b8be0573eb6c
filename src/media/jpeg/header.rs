//! The segments of a JPEG before and between its pixels.

use super::super::MediaError;
use super::super::exif::Hints;
use super::colour::Model;
use super::frame::{ComponentHeader, Frame, FrameHeader};
use super::huffman::Table;
use super::{corrupt, unsupported};

/// Where each coefficient, in the order of the file, belongs in a block.
#[rustfmt::skip]
pub(super) const ORDER: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// What is decoded with; later segments replace earlier ones.
#[derive(Default)]
pub(super) struct Tables {
    pub factors: [Option<Box<[u16; 64]>>; 4],
    pub differences: [Option<Table>; 4],
    pub coefficients: [Option<Table>; 4],
    /// Units between two restarts, 0 for none.
    pub restart: usize,
}

/// What a pass holds.
pub(super) struct ScanHeader {
    /// Identifier, table of differences and table of coefficients.
    pub components: Vec<(u8, usize, usize)>,
    pub first: usize,
    pub last: usize,
    /// The bit that was refined before, and the one that now is.
    pub high: u32,
    pub low: u32,
}

pub(super) enum Segment {
    Frame(FrameHeader),
    Scan(ScanHeader),
    End,
}

pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    pub tables: Tables,
    pub hints: Hints,
    jfif: bool,
    adobe: Option<u8>,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Result<Self, MediaError> {
        if !bytes.starts_with(&[0xFF, 0xD8]) {
            return Err(corrupt("does not begin as one"));
        }
        let (tables, hints) = Default::default();
        Ok(Self { bytes, at: 2, tables, hints, jfif: false, adobe: None })
    }

    /// What is left of the file.
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    pub fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// The next segment that is not merely remembered.
    pub fn segment(&mut self) -> Result<Segment, MediaError> {
        loop {
            let marker = self.marker()?;
            match marker {
                0xD9 => return Ok(Segment::End),
                0x01 | 0xD0..=0xD7 => continue,
                0xD8 => return Err(corrupt("begins twice")),
                _ => {}
            }
            let body = self.body()?;
            match marker {
                0xC0..=0xC2 => return frame(body, marker == 0xC2).map(Segment::Frame),
                0xC4 => self.codes(body)?,
                0xC3 | 0xC5..=0xCF => return Err(unsupported("with arithmetic coding, or lossless, or hierarchical")),
                0xDA => return scan(body).map(Segment::Scan),
                0xDB => self.factors(body)?,
                0xDD => self.tables.restart = usize::from(word(body, 0)?),
                0xE0 => self.jfif |= body.starts_with(b"JFIF\0"),
                0xE1 => self.hints.note_jpeg(body),
                0xEE if body.starts_with(b"Adobe") => self.adobe = body.get(11).copied().or(self.adobe),
                _ => {}
            }
        }
    }

    /// What the components mean, found as libjpeg finds it.
    pub fn model(&self, frame: &Frame) -> Model {
        let ids: Vec<u8> = frame.components.iter().map(|c| c.id).collect();
        match (ids.as_slice(), self.adobe) {
            ([_], _) => Model::Grey,
            ([_, _, _], _) if self.jfif => Model::Ycc,
            ([_, _, _], Some(0)) => Model::Rgb,
            ([b'R', b'G', b'B'], None) => Model::Rgb,
            ([_, _, _], _) => Model::Ycc,
            (_, None | Some(0)) => Model::Cmyk,
            (_, Some(_)) => Model::Ycck,
        }
    }

    /// The next marker; whatever lies before it is passed over, as libjpeg does.
    fn marker(&mut self) -> Result<u8, MediaError> {
        loop {
            match self.bytes.get(self.at..self.at + 2) {
                None => return Err(corrupt("ends early")),
                Some(&[0xFF, marker @ 1..=0xFE]) => {
                    self.at += 2;
                    return Ok(marker);
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn body(&mut self) -> Result<&'a [u8], MediaError> {
        let len = usize::from(word(self.rest(), 0)?);
        let body = self.rest().get(2..len).ok_or_else(|| corrupt("has a part with a wrong length"))?;
        self.at += len;
        Ok(body)
    }

    fn codes(&mut self, mut body: &[u8]) -> Result<(), MediaError> {
        while let Some((&kind, rest)) = body.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or_else(|| corrupt("has a short table of codes"))?;
            let len = counts.iter().map(|&c| usize::from(c)).sum();
            let (symbols, rest) = rest.split_at_checked(len).ok_or_else(|| corrupt("has a short table of codes"))?;
            let place = usize::from(kind & 15);
            let kinds = match kind >> 4 {
                0 => &mut self.tables.differences,
                1 => &mut self.tables.coefficients,
                _ => return Err(corrupt("has a table of codes of no known kind")),
            };
            *kinds.get_mut(place).ok_or_else(|| corrupt("has too many tables"))? = Some(Table::new(counts, symbols)?);
            body = rest;
        }
        Ok(())
    }

    fn factors(&mut self, mut body: &[u8]) -> Result<(), MediaError> {
        while let Some((&kind, rest)) = body.split_first() {
            let wide = kind >> 4 != 0;
            let len = if wide { 128 } else { 64 };
            let (values, rest) = rest.split_at_checked(len).ok_or_else(|| corrupt("has a short table of factors"))?;
            let mut table = Box::new([0; 64]);
            for (i, &place) in ORDER.iter().enumerate() {
                table[place] = if wide { word(values, 2 * i)? } else { u16::from(values[i]) };
            }
            let place = self.tables.factors.get_mut(usize::from(kind & 15));
            *place.ok_or_else(|| corrupt("has too many tables"))? = Some(table);
            body = rest;
        }
        Ok(())
    }
}

fn word(bytes: &[u8], at: usize) -> Result<u16, MediaError> {
    let two = bytes.get(at..at + 2).and_then(|b| b.first_chunk::<2>()).ok_or_else(|| corrupt("ends early"))?;
    Ok(u16::from_be_bytes(*two))
}

fn frame(body: &[u8], progressive: bool) -> Result<FrameHeader, MediaError> {
    let (height, width) = (usize::from(word(body, 1)?), usize::from(word(body, 3)?));
    let count = usize::from(*body.get(5).ok_or_else(|| corrupt("ends early"))?);
    if body[0] != 8 {
        return Err(unsupported("of other than 8 bits"));
    }
    if width == 0 || height == 0 {
        return Err(corrupt("has no pixels"));
    }
    if !matches!(count, 1 | 3 | 4) {
        return Err(unsupported("of other than 1, 3 or 4 colours"));
    }
    let component = |c: &[u8]| ComponentHeader {
        id: c[0],
        across: usize::from(c[1] >> 4),
        down: usize::from(c[1] & 15),
        table: usize::from(c[2]),
    };
    let components: Vec<_> = body[6..].chunks_exact(3).take(count).map(component).collect();
    let valid = |c: &ComponentHeader| (1..=4).contains(&c.across) && (1..=4).contains(&c.down) && c.table < 4;
    if components.len() != count || !components.iter().all(valid) {
        return Err(corrupt("describes its colours wrongly"));
    }
    Ok(FrameHeader { width, height, progressive, components })
}

fn scan(body: &[u8]) -> Result<ScanHeader, MediaError> {
    let wrong = || corrupt("describes a pass wrongly");
    let count = usize::from(*body.first().ok_or_else(wrong)?);
    let (pairs, rest) = body[1..].split_at_checked(2 * count).ok_or_else(wrong)?;
    let &[first, last, bits] = rest.first_chunk::<3>().ok_or_else(wrong)?;
    let components = pairs.chunks_exact(2).map(|c| (c[0], usize::from(c[1] >> 4), usize::from(c[1] & 15))).collect();
    let (first, last, high, low) = (usize::from(first), usize::from(last), u32::from(bits >> 4), u32::from(bits & 15));
    Ok(ScanHeader { components, first, last, high, low })
}

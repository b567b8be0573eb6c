//! The header of a BMP.

use super::MediaError;
use super::bmp::{corrupt, unsupported};

/// How pixels are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// So many bits for an index into the palette.
    Indexed(u32),
    /// Runs of indices of four or of eight bits.
    Runs(u32),
    /// Blue, green, red of five bits each.
    Five,
    /// The same with six bits of green.
    FiveSix,
    /// So many bytes, with the places of red, green, blue, and alpha among them.
    Bytes(usize, [usize; 3], Option<usize>),
}

pub(super) struct Header {
    pub width: usize,
    pub height: usize,
    pub top_down: bool,
    pub bits: usize,
    pub packing: Packing,
    pub palette: Vec<[u8; 3]>,
    /// Where the pixels begin.
    pub start: usize,
}

const RAW: u32 = 0;
const RUNS_8: u32 = 1;
const RUNS_4: u32 = 2;
const FIELDS: u32 = 3;

/// The most colours that a palette may claim; an index reaches 256 of them.
const MAX_COLOURS: usize = 65_536;

/// Numbers at places of a file that may be shorter.
#[derive(Clone, Copy)]
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn get<const N: usize>(self, at: usize) -> Result<[u8; N], MediaError> {
        let rest = self.0.get(at..).and_then(|rest| rest.first_chunk::<N>());
        rest.copied().ok_or_else(|| corrupt("ends within its header"))
    }

    fn short(self, at: usize) -> Result<usize, MediaError> {
        self.get(at).map(u16::from_le_bytes).map(usize::from)
    }

    fn long(self, at: usize) -> Result<u32, MediaError> {
        self.get(at).map(u32::from_le_bytes)
    }
}

impl Header {
    pub fn read(bytes: &[u8]) -> Result<Self, MediaError> {
        let file = Numbers(bytes);
        let size = file.long(14)? as usize;
        if size == 12 {
            return Self::core(bytes);
        }
        if ![40, 52, 56, 64, 108, 124].contains(&size) {
            return Err(unsupported("with an unknown header"));
        }
        let (width, height) = (file.long(18)? as i32, file.long(22)? as i32);
        let (bits, compression) = (file.short(28)?, file.long(30)?);
        let colours = match file.long(46)? as usize {
            0 => 1usize.checked_shl(bits as u32).unwrap_or(0),
            some => some,
        };
        let masks = if compression == FIELDS { Some(masks(file, size)?) } else { None };
        // Behind the shortest header its masks come first.
        let table = 14 + size + if masks.is_some() && size == 40 { 12 } else { 0 };
        let packing = packing(bits, compression, masks)?;
        let palette = if bits <= 8 { palette(bytes, table, colours, 4)? } else { Vec::new() };
        let start = start(file, size, bits, colours, table + palette.len() * 4)?;
        let (width, top_down, height) = (width as u32 as usize, height < 0, height.unsigned_abs() as usize);
        Ok(Self { width, height, top_down, bits, packing, palette, start })
    }

    fn core(bytes: &[u8]) -> Result<Self, MediaError> {
        let file = Numbers(bytes);
        let (width, height, bits) = (file.short(18)?, file.short(20)?, file.short(24)?);
        let colours = 1usize.checked_shl(bits as u32).unwrap_or(0);
        let packing = packing(bits, RAW, None)?;
        let palette = if bits <= 8 { palette(bytes, 26, colours, 3)? } else { Vec::new() };
        let start = match file.long(10)? as usize {
            0 => 26 + palette.len() * 3,
            start => start,
        };
        Ok(Self { width, height, top_down: false, bits, packing, palette, start })
    }
}

/// Some writers say that pixels begin where the palette does.
fn start(file: Numbers, size: usize, bits: usize, colours: usize, after: usize) -> Result<usize, MediaError> {
    Ok(match file.long(10)? as usize {
        0 => after,
        start if start == 14 + size && bits <= 8 => start + 4 * colours,
        start => start,
    })
}

fn masks(file: Numbers, size: usize) -> Result<[u32; 4], MediaError> {
    let alpha = if size >= 56 { file.long(66)? } else { 0 };
    Ok([file.long(54)?, file.long(58)?, file.long(62)?, alpha])
}

fn packing(bits: usize, compression: u32, masks: Option<[u32; 4]>) -> Result<Packing, MediaError> {
    const BGR: [usize; 3] = [2, 1, 0];
    match (compression, bits, masks) {
        (RAW, 1 | 4 | 8, _) => Ok(Packing::Indexed(bits as u32)),
        (RUNS_8, 8, _) | (RUNS_4, 4, _) => Ok(Packing::Runs(bits as u32)),
        (RAW, 16, _) => Ok(Packing::Five),
        (RAW, 24, _) => Ok(Packing::Bytes(3, BGR, None)),
        // The fourth byte is reserved, and written as 0 by many.
        (RAW, 32, _) => Ok(Packing::Bytes(4, BGR, None)),
        (FIELDS, 16, Some([0xF800, 0x7E0, 0x1F, _])) => Ok(Packing::FiveSix),
        (FIELDS, 16, Some([0x7C00, 0x3E0, 0x1F, _])) => Ok(Packing::Five),
        (FIELDS, 24, Some([0xFF_0000, 0xFF00, 0xFF, _])) => Ok(Packing::Bytes(3, BGR, None)),
        (FIELDS, 32, Some([0, 0, 0, 0])) => Ok(Packing::Bytes(4, BGR, Some(3))),
        (FIELDS, 32, Some([red, green, blue, alpha])) => bytes_of([red, green, blue], alpha),
        _ => Err(unsupported("of an unknown kind of pixels")),
    }
}

fn bytes_of(colours: [u32; 3], alpha: u32) -> Result<Packing, MediaError> {
    let place = |mask: u32| [0xFF, 0xFF00, 0xFF_0000, 0xFF00_0000].iter().position(|&m| m == mask);
    let masked = colours.map(place);
    match (masked, place(alpha)) {
        ([Some(r), Some(g), Some(b)], place) if place.is_some() || alpha == 0 => {
            Ok(Packing::Bytes(4, [r, g, b], place))
        }
        _ => Err(unsupported("of an unknown kind of pixels")),
    }
}

fn palette(bytes: &[u8], at: usize, colours: usize, each: usize) -> Result<Vec<[u8; 3]>, MediaError> {
    if colours > MAX_COLOURS {
        return Err(corrupt("claims too many colours"));
    }
    let table = bytes.get(at..at + colours * each).ok_or_else(|| corrupt("ends within its palette"))?;
    Ok(table.chunks_exact(each).map(|c| [c[2], c[1], c[0]]).collect())
}

//! The headers of a BMP: its size, how its pixels are packed, and its palette.

use super::super::error::MediaError;
use super::error::{malformed, unsupported};

/// How pixels are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BmpPacking {
    /// Palette indices of this many bits.
    Indexed(u32),
    /// Run-length encoded palette indices of 4 or 8 bits.
    Rle(u32),
    /// 16-bit words with five bits for each channel.
    Rgb555,
    /// 16-bit words with six bits of green.
    Rgb565,
    /// Whole bytes.
    Bytes {
        /// Bytes of a pixel.
        len: usize,
        /// Offsets of red, green and blue.
        rgb: [usize; 3],
        /// Offset of alpha.
        alpha: Option<usize>,
    },
}

pub(super) struct BmpHeader {
    pub width: usize,
    pub height: usize,
    /// Whether the first row stored is the top one.
    pub top_down: bool,
    /// Bits of a pixel.
    pub bits: usize,
    pub packing: BmpPacking,
    pub palette: Vec<[u8; 3]>,
    /// Where the pixels begin in the file.
    pub pixel_offset: usize,
}

/// Values of the compression field.
const BI_RGB: u32 = 0;
const BI_RLE8: u32 = 1;
const BI_RLE4: u32 = 2;
const BI_BITFIELDS: u32 = 3;

const FILE_HEADER_LEN: usize = 14;
/// BITMAPCOREHEADER, with sizes of 16 bits and palette entries of three bytes.
const CORE_HEADER_LEN: usize = 12;
/// BITMAPINFOHEADER; its bit masks follow the header, where longer ones contain them.
const INFO_HEADER_LEN: usize = 40;
/// BITMAPINFOHEADER and its longer successors.
const HEADER_LENS: [usize; 6] = [INFO_HEADER_LEN, 52, 56, 64, 108, 124];

/// The largest palette that is read. An index reaches only 256 of its colours.
const MAX_COLOURS: usize = 65_536;

/// Little-endian fields at offsets of a file that may be too short.
#[derive(Clone, Copy)]
struct HeaderFields<'a>(&'a [u8]);

impl HeaderFields<'_> {
    fn bytes<const N: usize>(self, offset: usize) -> Result<[u8; N], MediaError> {
        let rest = self.0.get(offset..).and_then(|rest| rest.first_chunk::<N>());
        rest.copied().ok_or_else(|| malformed("ends within its header"))
    }

    fn u16(self, offset: usize) -> Result<usize, MediaError> {
        self.bytes(offset).map(u16::from_le_bytes).map(usize::from)
    }

    fn u32(self, offset: usize) -> Result<u32, MediaError> {
        self.bytes(offset).map(u32::from_le_bytes)
    }
}

impl BmpHeader {
    pub fn read(bytes: &[u8]) -> Result<Self, MediaError> {
        let fields = HeaderFields(bytes);
        let header_len = fields.u32(14)? as usize;
        if header_len == CORE_HEADER_LEN {
            return Self::read_core(bytes);
        }
        if !HEADER_LENS.contains(&header_len) {
            return Err(unsupported("with an unknown header"));
        }
        let (width, height) = (fields.u32(18)? as i32, fields.u32(22)? as i32);
        let (bits, compression) = (fields.u16(28)?, fields.u32(30)?);
        let colours = match fields.u32(46)? as usize {
            0 => 1usize.checked_shl(bits as u32).unwrap_or(0),
            colours => colours,
        };
        let masks = if compression == BI_BITFIELDS { Some(channel_masks(fields, header_len)?) } else { None };
        let masks_len = if masks.is_some() && header_len == INFO_HEADER_LEN { 12 } else { 0 };
        let palette_offset = FILE_HEADER_LEN + header_len + masks_len;
        let packing = packing(bits, compression, masks)?;
        let palette = if bits <= 8 { read_palette(bytes, palette_offset, colours, 4)? } else { Vec::new() };
        let pixel_offset = match fields.u32(10)? as usize {
            0 => palette_offset + palette.len() * 4,
            // Some writers give the offset of the palette instead.
            offset if offset == FILE_HEADER_LEN + header_len && bits <= 8 => offset + 4 * colours,
            offset => offset,
        };
        let (width, top_down, height) = (width as u32 as usize, height < 0, height.unsigned_abs() as usize);
        Ok(Self { width, height, top_down, bits, packing, palette, pixel_offset })
    }

    fn read_core(bytes: &[u8]) -> Result<Self, MediaError> {
        let fields = HeaderFields(bytes);
        let (width, height, bits) = (fields.u16(18)?, fields.u16(20)?, fields.u16(24)?);
        let colours = 1usize.checked_shl(bits as u32).unwrap_or(0);
        let palette_offset = FILE_HEADER_LEN + CORE_HEADER_LEN;
        let packing = packing(bits, BI_RGB, None)?;
        let palette = if bits <= 8 { read_palette(bytes, palette_offset, colours, 3)? } else { Vec::new() };
        let pixel_offset = match fields.u32(10)? as usize {
            0 => palette_offset + palette.len() * 3,
            offset => offset,
        };
        Ok(Self { width, height, top_down: false, bits, packing, palette, pixel_offset })
    }
}

/// The bit masks of red, green, blue and alpha.
fn channel_masks(fields: HeaderFields, header_len: usize) -> Result<[u32; 4], MediaError> {
    let alpha = if header_len >= 56 { fields.u32(66)? } else { 0 };
    Ok([fields.u32(54)?, fields.u32(58)?, fields.u32(62)?, alpha])
}

/// The combinations of bits and masks that Pillow accepts.
fn packing(bits: usize, compression: u32, masks: Option<[u32; 4]>) -> Result<BmpPacking, MediaError> {
    const BGR: [usize; 3] = [2, 1, 0];
    let bytes = |len, alpha| BmpPacking::Bytes { len, rgb: BGR, alpha };
    match (compression, bits, masks) {
        (BI_RGB, 1 | 4 | 8, _) => Ok(BmpPacking::Indexed(bits as u32)),
        (BI_RLE8, 8, _) | (BI_RLE4, 4, _) => Ok(BmpPacking::Rle(bits as u32)),
        (BI_RGB, 16, _) => Ok(BmpPacking::Rgb555),
        (BI_RGB, 24, _) => Ok(bytes(3, None)),
        // The fourth byte is reserved, and 0 in most files: it is not alpha.
        (BI_RGB, 32, _) => Ok(bytes(4, None)),
        (BI_BITFIELDS, 16, Some([0xF800, 0x7E0, 0x1F, _])) => Ok(BmpPacking::Rgb565),
        (BI_BITFIELDS, 16, Some([0x7C00, 0x3E0, 0x1F, _])) => Ok(BmpPacking::Rgb555),
        (BI_BITFIELDS, 24, Some([0xFF_0000, 0xFF00, 0xFF, _])) => Ok(bytes(3, None)),
        (BI_BITFIELDS, 32, Some([0, 0, 0, 0])) => Ok(bytes(4, Some(3))),
        (BI_BITFIELDS, 32, Some([red, green, blue, alpha])) => packing_of_masks([red, green, blue], alpha),
        _ => Err(unsupported("of an unknown kind of pixels")),
    }
}

fn packing_of_masks(rgb: [u32; 3], alpha: u32) -> Result<BmpPacking, MediaError> {
    let offset = |mask: u32| [0xFF, 0xFF00, 0xFF_0000, 0xFF00_0000].iter().position(|&m| m == mask);
    match (rgb.map(offset), offset(alpha)) {
        ([Some(r), Some(g), Some(b)], alpha_offset) if alpha_offset.is_some() || alpha == 0 => {
            Ok(BmpPacking::Bytes { len: 4, rgb: [r, g, b], alpha: alpha_offset })
        }
        _ => Err(unsupported("of an unknown kind of pixels")),
    }
}

fn read_palette(bytes: &[u8], offset: usize, colours: usize, entry_len: usize) -> Result<Vec<[u8; 3]>, MediaError> {
    if colours > MAX_COLOURS {
        return Err(malformed("claims too many colours"));
    }
    let entries =
        bytes.get(offset..offset + colours * entry_len).ok_or_else(|| malformed("ends within its palette"))?;
    Ok(entries.chunks_exact(entry_len).map(|c| [c[2], c[1], c[0]]).collect())
}

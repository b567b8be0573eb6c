//! Progressive scans: the DC coefficients, bands of AC coefficients, and further bits of either.

use super::super::error::MediaError;
use super::bit_reader::BitReader;
use super::block_decoder::BlockDecoder;
use super::component::Component;
use super::error::malformed;
use super::headers::{ScanComponent, ScanHeader};
use super::huffman::HuffmanTable;
use super::tables::DecodingTables;
use super::zigzag::ZIGZAG;

/// The format's limit on the bits that are left to later scans.
const MAX_LOW_BIT: u32 = 13;

pub(super) struct ProgressiveDecoder<'a> {
    first: usize,
    last: usize,
    low: u32,
    kind: ScanKind<'a>,
    /// Blocks still to come that have nothing more in this scan ("end of band" run).
    end_of_band_run: u32,
}

/// The four kinds of progressive scans.
enum ScanKind<'a> {
    /// For each component its Huffman table and the DC coefficient of its previous block.
    DcFirst(Vec<(&'a HuffmanTable, i32)>),
    DcRefine,
    AcFirst(&'a HuffmanTable),
    AcRefine(&'a HuffmanTable),
}

impl<'a> ProgressiveDecoder<'a> {
    pub fn new(header: &ScanHeader, tables: &'a DecodingTables) -> Result<Self, MediaError> {
        let &ScanHeader { first, last, high, low, ref components } = header;
        let valid_band = if first == 0 { last == 0 } else { first <= last && last < 64 && components.len() == 1 };
        if !valid_band || low > MAX_LOW_BIT || (high != 0 && high != low + 1) {
            return Err(malformed("has an invalid scan header"));
        }
        let dc_state = |c: &ScanComponent| Ok((tables.dc(c.dc_table)?, 0));
        let kind = match (first, high) {
            (0, 0) => ScanKind::DcFirst(components.iter().map(dc_state).collect::<Result<_, MediaError>>()?),
            (0, _) => ScanKind::DcRefine,
            (_, 0) => ScanKind::AcFirst(tables.ac(components[0].ac_table)?),
            (_, _) => ScanKind::AcRefine(tables.ac(components[0].ac_table)?),
        };
        Ok(Self { first, last, low, kind, end_of_band_run: 0 })
    }

    fn decode_ac_first(
        &mut self,
        bits: &mut BitReader,
        table: &HuffmanTable,
        block: &mut [i16; 64],
    ) -> Result<(), MediaError> {
        if self.end_of_band_run > 0 {
            self.end_of_band_run -= 1;
            return Ok(());
        }
        let mut k = self.first;
        while k <= self.last {
            let symbol = bits.symbol(table)?;
            let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if size != 0 {
                k += zeros as usize;
                let value = bits.take_signed(size)?;
                let position = *ZIGZAG.get(k).ok_or_else(|| malformed("has a block that is too long"))?;
                block[position] = (value << self.low) as i16;
                k += 1;
            } else if zeros == 15 {
                k += 16;
            } else {
                self.end_of_band_run = (1 << zeros) - 1 + bits.take(zeros)? as u32;
                break;
            }
        }
        Ok(())
    }

    fn refine_ac(
        &mut self,
        bits: &mut BitReader,
        table: &HuffmanTable,
        block: &mut [i16; 64],
    ) -> Result<(), MediaError> {
        let bit = 1i16 << self.low;
        let mut k = self.first;
        while self.end_of_band_run == 0 && k <= self.last {
            let symbol = bits.symbol(table)?;
            let (mut zeros, size) = (u32::from(symbol >> 4), symbol & 15);
            let mut value = 0;
            if size != 0 {
                value = if bits.take(1)? == 1 { bit } else { -bit };
            } else if zeros != 15 {
                self.end_of_band_run = (1 << zeros) + bits.take(zeros)? as u32;
                break;
            }
            // The run counts coefficients that are still zero; each of the others on the way gets a bit.
            while k <= self.last {
                let coefficient = &mut block[ZIGZAG[k]];
                if *coefficient != 0 {
                    refine(bits, coefficient, bit)?;
                } else if zeros == 0 {
                    break;
                } else {
                    zeros -= 1;
                }
                k += 1;
            }
            if value != 0 {
                let position = *ZIGZAG.get(k).ok_or_else(|| malformed("has a block that is too long"))?;
                block[position] = value;
            }
            k += 1;
        }
        if self.end_of_band_run > 0 {
            for &position in ZIGZAG.get(k..=self.last).unwrap_or_default() {
                if block[position] != 0 {
                    refine(bits, &mut block[position], bit)?;
                }
            }
            self.end_of_band_run -= 1;
        }
        Ok(())
    }
}

/// Reads one bit of a coefficient that is not zero: whether its absolute value grows.
fn refine(bits: &mut BitReader, coefficient: &mut i16, bit: i16) -> Result<(), MediaError> {
    if bits.take(1)? == 1 && *coefficient & bit == 0 {
        *coefficient = coefficient.wrapping_add(if *coefficient >= 0 { bit } else { -bit });
    }
    Ok(())
}

impl BlockDecoder for ProgressiveDecoder<'_> {
    fn decode_block(
        &mut self,
        bits: &mut BitReader,
        index: usize,
        component: &mut Component,
        (row, column): (usize, usize),
    ) -> Result<(), MediaError> {
        let block = component.block_mut(row, column);
        match &mut self.kind {
            ScanKind::DcFirst(components) => {
                let (table, dc) = &mut components[index];
                let size = bits.symbol(table)?;
                *dc = dc.wrapping_add(bits.take_signed(u32::from(size))?);
                block[0] = (*dc << self.low) as i16;
                Ok(())
            }
            ScanKind::DcRefine => {
                block[0] |= (bits.take(1)? as i16) << self.low;
                Ok(())
            }
            ScanKind::AcFirst(table) => {
                let table = *table;
                self.decode_ac_first(bits, table, block)
            }
            ScanKind::AcRefine(table) => {
                let table = *table;
                self.refine_ac(bits, table, block)
            }
        }
    }

    fn restart(&mut self) {
        if let ScanKind::DcFirst(components) = &mut self.kind {
            components.iter_mut().for_each(|(_, dc)| *dc = 0);
        }
        self.end_of_band_run = 0;
    }
}

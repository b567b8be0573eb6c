//! Blocks that come in several passes: levels first, then bands of coefficients, then further bits of both.

use super::super::MediaError;
use super::bits::Bits;
use super::corrupt;
use super::frame::Component;
use super::header::{ORDER, ScanHeader, Tables};
use super::huffman::Table;
use super::scan::Coder;
use super::sequential::{coefficient_table, level_table};

/// The most bits that are left for later passes.
const MAX_LOW_BIT: u32 = 13;

pub(super) struct Progressive<'a> {
    first: usize,
    last: usize,
    refines: bool,
    low: u32,
    /// For each component its table of levels, where levels come anew, and its last level.
    levels: Vec<(&'a Table, i32)>,
    coefficients: Option<&'a Table>,
    /// Blocks that have nothing more in this pass.
    empty: u32,
}

impl<'a> Progressive<'a> {
    pub fn new(header: &ScanHeader, tables: &'a Tables, components: usize) -> Result<Self, MediaError> {
        let &ScanHeader { first, last, high, low, .. } = header;
        let band = if first == 0 { last == 0 } else { first <= last && last < 64 && components == 1 };
        if !band || low > MAX_LOW_BIT || (high != 0 && high != low + 1) {
            return Err(corrupt("describes a pass wrongly"));
        }
        let refines = high != 0;
        let level = |&(_, table, _): &(u8, usize, usize)| Ok((level_table(tables, table)?, 0));
        let levels = if first == 0 && !refines {
            header.components.iter().map(level).collect::<Result<_, MediaError>>()?
        } else {
            Vec::new()
        };
        let coefficients = if first > 0 { Some(coefficient_table(tables, header.components[0].2)?) } else { None };
        Ok(Self { first, last, refines, low, levels, coefficients, empty: 0 })
    }

    fn band(&mut self, bits: &mut Bits, table: &Table, block: &mut [i16; 64]) -> Result<(), MediaError> {
        if self.empty > 0 {
            self.empty -= 1;
            return Ok(());
        }
        let mut at = self.first;
        while at <= self.last {
            let symbol = bits.symbol(table)?;
            let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if size != 0 {
                at += zeros as usize;
                let value = bits.signed(size)?;
                let natural = *ORDER.get(at).ok_or_else(|| corrupt("has a block that is too long"))?;
                block[natural] = (value << self.low) as i16;
                at += 1;
            } else if zeros == 15 {
                at += 16;
            } else {
                self.empty = (1 << zeros) - 1 + bits.take(zeros)? as u32;
                break;
            }
        }
        Ok(())
    }

    fn refine(&mut self, bits: &mut Bits, table: &Table, block: &mut [i16; 64]) -> Result<(), MediaError> {
        let bit = 1i16 << self.low;
        let mut at = self.first;
        while self.empty == 0 && at <= self.last {
            let symbol = bits.symbol(table)?;
            let (mut zeros, size) = (u32::from(symbol >> 4), symbol & 15);
            let mut value = 0;
            if size != 0 {
                value = if bits.take(1)? == 1 { bit } else { -bit };
            } else if zeros != 15 {
                self.empty = (1 << zeros) + bits.take(zeros)? as u32;
                break;
            }
            while at <= self.last {
                let coefficient = &mut block[ORDER[at]];
                if *coefficient != 0 {
                    add_bit(bits, coefficient, bit)?;
                } else if zeros == 0 {
                    break;
                } else {
                    zeros -= 1;
                }
                at += 1;
            }
            if value != 0 {
                let natural = *ORDER.get(at).ok_or_else(|| corrupt("has a block that is too long"))?;
                block[natural] = value;
            }
            at += 1;
        }
        if self.empty > 0 {
            for &natural in ORDER.get(at..=self.last).unwrap_or_default() {
                if block[natural] != 0 {
                    add_bit(bits, &mut block[natural], bit)?;
                }
            }
            self.empty -= 1;
        }
        Ok(())
    }
}

/// Moves a coefficient away from zero if the file says so.
fn add_bit(bits: &mut Bits, coefficient: &mut i16, bit: i16) -> Result<(), MediaError> {
    if bits.take(1)? == 1 && *coefficient & bit == 0 {
        *coefficient = coefficient.wrapping_add(if *coefficient >= 0 { bit } else { -bit });
    }
    Ok(())
}

impl Coder for Progressive<'_> {
    fn block(
        &mut self,
        bits: &mut Bits,
        place: usize,
        component: &mut Component,
        (row, column): (usize, usize),
    ) -> Result<(), MediaError> {
        let block = component.coefficients(row, column);
        match (self.coefficients, self.levels.get_mut(place)) {
            (Some(table), _) if self.refines => self.refine(bits, table, block),
            (Some(table), _) => self.band(bits, table, block),
            (None, Some((table, level))) => {
                let size = bits.symbol(table)?;
                *level = level.wrapping_add(bits.signed(u32::from(size))?);
                block[0] = (*level << self.low) as i16;
                Ok(())
            }
            (None, None) => {
                block[0] |= (bits.take(1)? as i16) << self.low;
                Ok(())
            }
        }
    }

    fn restart(&mut self) {
        self.levels.iter_mut().for_each(|(_, level)| *level = 0);
        self.empty = 0;
    }
}

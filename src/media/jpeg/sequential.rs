//! Blocks that come whole.

use super::super::MediaError;
use super::bits::Bits;
use super::corrupt;
use super::frame::Component;
use super::header::{ORDER, ScanHeader, Tables};
use super::huffman::Table;
use super::scan::Coder;

pub(super) struct Sequential<'a> {
    /// For each component of the pass its tables and its last level.
    components: Vec<(&'a Table, &'a Table, i32)>,
}

impl<'a> Sequential<'a> {
    pub fn new(header: &ScanHeader, tables: &'a Tables) -> Result<Self, MediaError> {
        let component = |&(_, differences, coefficients): &(u8, usize, usize)| {
            Ok((level_table(tables, differences)?, coefficient_table(tables, coefficients)?, 0))
        };
        Ok(Self { components: header.components.iter().map(component).collect::<Result<_, _>>()? })
    }
}

pub(super) fn level_table(tables: &Tables, place: usize) -> Result<&Table, MediaError> {
    let table = tables.differences.get(place).and_then(Option::as_ref);
    table.filter(|t| t.fits_differences()).ok_or_else(|| corrupt("lacks a table of codes"))
}

pub(super) fn coefficient_table(tables: &Tables, place: usize) -> Result<&Table, MediaError> {
    tables.coefficients.get(place).and_then(Option::as_ref).ok_or_else(|| corrupt("lacks a table of codes"))
}

impl Coder for Sequential<'_> {
    fn block(
        &mut self,
        bits: &mut Bits,
        place: usize,
        component: &mut Component,
        (row, column): (usize, usize),
    ) -> Result<(), MediaError> {
        let (differences, coefficients, level) = &mut self.components[place];
        let size = bits.symbol(differences)?;
        *level = level.wrapping_add(bits.signed(u32::from(size))?);
        let mut block = [0i16; 64];
        block[0] = *level as i16;
        let mut at = 1;
        while at < 64 {
            let symbol = bits.symbol(coefficients)?;
            let (zeros, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if zeros != 15 {
                    break;
                }
                at += 16;
                continue;
            }
            at += zeros;
            let value = bits.signed(size)?;
            let natural = *ORDER.get(at).ok_or_else(|| corrupt("has a block that is too long"))?;
            block[natural] = value as i16;
            at += 1;
        }
        component.set(row, column, &block);
        Ok(())
    }

    fn restart(&mut self) {
        self.components.iter_mut().for_each(|(_, _, level)| *level = 0);
    }
}

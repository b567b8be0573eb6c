//! Sequential scans: whole blocks.

use super::super::error::MediaError;
use super::bit_reader::BitReader;
use super::block_decoder::BlockDecoder;
use super::component::Component;
use super::error::malformed;
use super::headers::{ScanComponent, ScanHeader};
use super::huffman::HuffmanTable;
use super::tables::DecodingTables;
use super::zigzag::ZIGZAG;

pub(super) struct SequentialDecoder<'a> {
    components: Vec<ComponentState<'a>>,
}

struct ComponentState<'a> {
    dc_table: &'a HuffmanTable,
    ac_table: &'a HuffmanTable,
    /// The DC coefficient of the previous block, which the next one is relative to.
    dc: i32,
}

impl<'a> SequentialDecoder<'a> {
    pub fn new(header: &ScanHeader, tables: &'a DecodingTables) -> Result<Self, MediaError> {
        let state = |c: &ScanComponent| {
            Ok(ComponentState { dc_table: tables.dc(c.dc_table)?, ac_table: tables.ac(c.ac_table)?, dc: 0 })
        };
        Ok(Self { components: header.components.iter().map(state).collect::<Result<_, MediaError>>()? })
    }
}

impl BlockDecoder for SequentialDecoder<'_> {
    fn decode_block(
        &mut self,
        bits: &mut BitReader,
        index: usize,
        component: &mut Component,
        (row, column): (usize, usize),
    ) -> Result<(), MediaError> {
        let state = &mut self.components[index];
        let size = bits.symbol(state.dc_table)?;
        state.dc = state.dc.wrapping_add(bits.take_signed(u32::from(size))?);
        let mut block = [0i16; 64];
        block[0] = state.dc as i16;
        let mut k = 1;
        while k < 64 {
            let symbol = bits.symbol(state.ac_table)?;
            let (zeros, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if zeros != 15 {
                    break;
                }
                k += 16;
                continue;
            }
            k += zeros;
            let value = bits.take_signed(size)?;
            let position = *ZIGZAG.get(k).ok_or_else(|| malformed("has a block that is too long"))?;
            block[position] = value as i16;
            k += 1;
        }
        component.store_block(row, column, &block);
        Ok(())
    }

    fn restart(&mut self) {
        self.components.iter_mut().for_each(|state| state.dc = 0);
    }
}

//! Quantization and Huffman tables, as the segments of a file define them.

use super::super::error::MediaError;
use super::error::malformed;
use super::huffman::HuffmanTable;
use super::zigzag::ZIGZAG;

/// The tables in force. Later segments replace earlier ones.
#[derive(Default)]
pub(super) struct DecodingTables {
    quantization: [Option<Box<[u16; 64]>>; 4],
    dc: [Option<HuffmanTable>; 4],
    ac: [Option<HuffmanTable>; 4],
}

impl DecodingTables {
    pub fn quantization(&self, index: usize) -> Result<Box<[u16; 64]>, MediaError> {
        let table = self.quantization.get(index).cloned().flatten();
        table.ok_or_else(|| malformed("lacks a quantization table"))
    }

    pub fn dc(&self, index: usize) -> Result<&HuffmanTable, MediaError> {
        let table = self.dc.get(index).and_then(Option::as_ref);
        table.filter(|table| table.is_valid_for_dc()).ok_or_else(|| malformed("lacks a table of codes"))
    }

    pub fn ac(&self, index: usize) -> Result<&HuffmanTable, MediaError> {
        self.ac.get(index).and_then(Option::as_ref).ok_or_else(|| malformed("lacks a table of codes"))
    }

    /// Reads a DHT segment.
    pub fn define_huffman(&mut self, mut body: &[u8]) -> Result<(), MediaError> {
        while let Some((&class_and_index, rest)) = body.split_first() {
            let short = || malformed("has a short table of codes");
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or_else(short)?;
            let len = counts.iter().map(|&c| usize::from(c)).sum();
            let (symbols, rest) = rest.split_at_checked(len).ok_or_else(short)?;
            let tables = match class_and_index >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(malformed("has a table of codes of no known kind")),
            };
            let table = tables.get_mut(usize::from(class_and_index & 15));
            *table.ok_or_else(|| malformed("has too many tables"))? = Some(HuffmanTable::new(counts, symbols)?);
            body = rest;
        }
        Ok(())
    }

    /// Reads a DQT segment.
    pub fn define_quantization(&mut self, mut body: &[u8]) -> Result<(), MediaError> {
        while let Some((&precision_and_index, rest)) = body.split_first() {
            let entry_len = if precision_and_index >> 4 == 0 { 1 } else { 2 };
            let (entries, rest) =
                rest.split_at_checked(64 * entry_len).ok_or_else(|| malformed("has a short quantization table"))?;
            let mut table = Box::new([0; 64]);
            for (entry, &position) in entries.chunks_exact(entry_len).zip(&ZIGZAG) {
                table[position] = entry.iter().fold(0, |sum, &byte| sum << 8 | u16::from(byte));
            }
            let slot = self.quantization.get_mut(usize::from(precision_and_index & 15));
            *slot.ok_or_else(|| malformed("has too many tables"))? = Some(table);
            body = rest;
        }
        Ok(())
    }
}

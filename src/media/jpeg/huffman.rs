//! Huffman tables.

use super::super::error::MediaError;
use super::error::malformed;

/// Codes up to this length are decoded with one table lookup.
const LOOKUP_BITS: u32 = 9;

pub(super) struct HuffmanTable {
    /// For every value of the next `LOOKUP_BITS` bits the code's length in the upper byte and its symbol in the lower
    /// one; 0 if the code is longer.
    lookup: Vec<u16>,
    /// For each length the end of its codes (exclusive), aligned to 16 bits, and what added to a code gives the index of
    /// its symbol.
    ends: [u32; 17],
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl HuffmanTable {
    /// From the number of codes of each length, and the symbols in the order of their codes.
    pub fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, MediaError> {
        let mut table =
            Self { lookup: vec![0; 1 << LOOKUP_BITS], ends: [0; 17], offsets: [0; 17], symbols: symbols.to_vec() };
        let (mut code, mut index) = (0u32, 0usize);
        for length in 1..=16u32 {
            let count = u32::from(counts[length as usize - 1]);
            table.offsets[length as usize] = index as i32 - code as i32;
            if code + count > 1 << length {
                return Err(malformed("has an impossible table of codes"));
            }
            for _ in 0..count {
                let symbol = *symbols.get(index).ok_or_else(|| malformed("has a table of codes that ends early"))?;
                if length <= LOOKUP_BITS {
                    let free_bits = LOOKUP_BITS - length;
                    let start = (code << free_bits) as usize;
                    table.lookup[start..start + (1 << free_bits)].fill((length as u16) << 8 | u16::from(symbol));
                }
                code += 1;
                index += 1;
            }
            table.ends[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(table)
    }

    /// Length and symbol of the code at the top of the next sixteen bits.
    #[inline]
    pub fn decode(&self, window: u16) -> Result<(u32, u8), MediaError> {
        match self.lookup[usize::from(window >> (16 - LOOKUP_BITS))] {
            0 => self.decode_long(window),
            entry => Ok((u32::from(entry >> 8), entry as u8)),
        }
    }

    fn decode_long(&self, window: u16) -> Result<(u32, u8), MediaError> {
        for length in LOOKUP_BITS + 1..=16 {
            if u32::from(window) < self.ends[length as usize] {
                let code = i32::from(window >> (16 - length));
                let symbol = self.symbols.get((code + self.offsets[length as usize]) as usize);
                return symbol.map(|&s| (length, s)).ok_or_else(|| malformed("has a code without a meaning"));
            }
        }
        Err(malformed("has a code without a meaning"))
    }

    /// Whether every symbol is a valid size of a DC difference.
    pub fn is_valid_for_dc(&self) -> bool {
        self.symbols.iter().all(|&symbol| symbol < 16)
    }
}

//! Tables of codes of different length.

use super::super::MediaError;
use super::corrupt;

/// Codes up to this length are found in one step.
pub(super) const LOOKUP_BITS: u32 = 9;

#[derive(Clone)]
pub(super) struct Table {
    /// Length in the upper byte, symbol in the lower, for whatever bits follow; 0 for longer codes.
    pub lookup: Vec<u16>,
    /// For each length one more than the last code, moved to the top of 17 bits, and what to add for its symbol.
    ends: [u32; 17],
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl Table {
    /// From the number of codes of each length and their symbols.
    pub fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, MediaError> {
        let mut table =
            Self { lookup: vec![0; 1 << LOOKUP_BITS], ends: [0; 17], offsets: [0; 17], symbols: symbols.to_vec() };
        let (mut code, mut index) = (0u32, 0usize);
        for length in 1..=16u32 {
            let count = u32::from(counts[length as usize - 1]);
            table.offsets[length as usize] = index as i32 - code as i32;
            if code + count > 1 << length {
                return Err(corrupt("has an impossible table of codes"));
            }
            for _ in 0..count {
                let symbol = *symbols.get(index).ok_or_else(|| corrupt("has a table of codes that ends early"))?;
                if length <= LOOKUP_BITS {
                    let spread = LOOKUP_BITS - length;
                    let start = (code << spread) as usize;
                    table.lookup[start..start + (1 << spread)].fill((length as u16) << 8 | u16::from(symbol));
                }
                code += 1;
                index += 1;
            }
            table.ends[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(table)
    }

    /// Length and symbol of a code longer than the lookup, at the top of sixteen bits.
    pub fn long(&self, window: u16) -> Result<(u32, u8), MediaError> {
        for length in LOOKUP_BITS + 1..=16 {
            if u32::from(window) < self.ends[length as usize] {
                let code = i32::from(window >> (16 - length));
                let symbol = self.symbols.get((code + self.offsets[length as usize]) as usize);
                return symbol.map(|&s| (length, s)).ok_or_else(|| corrupt("has a code without a meaning"));
            }
        }
        Err(corrupt("has a code without a meaning"))
    }

    /// Whether every symbol is a number of bits that a difference may have.
    pub fn fits_differences(&self) -> bool {
        self.symbols.iter().all(|&symbol| symbol < 16)
    }
}

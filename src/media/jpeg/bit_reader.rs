//! Bits of the entropy-coded data.

use super::super::error::MediaError;
use super::error::malformed;
use super::huffman::HuffmanTable;

/// Reads bits up to the next marker.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    position: usize,
    /// The bits that were read ahead, the last `count` of this number.
    buffer: u64,
    count: u32,
}

impl<'a> BitReader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, buffer: 0, count: 0 }
    }

    /// A position at or before the marker that ends the data, after the last byte that was read.
    pub fn position(&self) -> usize {
        self.position
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let Some(&byte) = self.bytes.get(self.position) else { return };
            let mut next = self.position + 1;
            if byte == 0xFF {
                // FF 00 stands for a byte FF. Any number of fill bytes FF may precede a marker.
                while self.bytes.get(next) == Some(&0xFF) {
                    next += 1;
                }
                if self.bytes.get(next) != Some(&0) {
                    // Fill bytes are skipped once and for all: each further attempt to read would scan them again.
                    self.position = next - 1;
                    return;
                }
                next += 1;
            }
            self.position = next;
            self.buffer = self.buffer << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    /// An unsigned number of at most 16 bits.
    pub fn take(&mut self, count: u32) -> Result<i32, MediaError> {
        if self.count < count {
            self.fill();
            if self.count < count {
                return Err(malformed("ends within its pixels"));
            }
        }
        self.count -= count;
        Ok((self.buffer >> self.count) as i32 & ((1 << count) - 1))
    }

    /// A signed number of `count` bits, in the format's own representation: the lower half of the values is negative.
    pub fn take_signed(&mut self, count: u32) -> Result<i32, MediaError> {
        if count == 0 {
            return Ok(0);
        }
        let value = self.take(count)?;
        Ok(if value < 1 << (count - 1) { value - (1 << count) + 1 } else { value })
    }

    /// The symbol of the next Huffman code.
    pub fn symbol(&mut self, table: &HuffmanTable) -> Result<u8, MediaError> {
        if self.count < 16 {
            self.fill();
        }
        // Past the end the window is padded with zeros; a code that would need them is refused.
        let window = if self.count >= 16 { self.buffer >> (self.count - 16) } else { self.buffer << (16 - self.count) };
        let (length, symbol) = table.decode(window as u16)?;
        if length > self.count {
            return Err(malformed("ends within its pixels"));
        }
        self.count -= length;
        Ok(symbol)
    }

    /// Drops the remaining bits and skips past restart marker `number` modulo 8.
    pub fn skip_restart_marker(&mut self, number: u8) -> Result<(), MediaError> {
        (self.buffer, self.count) = (0, 0);
        loop {
            match self.bytes.get(self.position..self.position + 2) {
                None => return Err(malformed("ends within its pixels")),
                Some([0xFF, marker]) if *marker == 0xD0 + number % 8 => {
                    self.position += 2;
                    return Ok(());
                }
                Some([0xFF, 1..=0xFE]) => return Err(malformed("lacks a part of its pixels")),
                Some(_) => self.position += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fill_bytes_before_a_marker_are_skipped_once() {
        let mut bytes = vec![0x5A];
        bytes.extend([0xFF; 1000]);
        bytes.push(0xD9);
        let mut bits = BitReader::new(&bytes);
        assert_eq!(bits.take(8).expect("a byte"), 0x5A);
        assert!(bits.take(1).is_err());
        assert_eq!(bits.position(), 1000, "at the marker's own FF");
    }

    #[test]
    fn an_escaped_ff_is_data() {
        let mut bits = BitReader::new(&[0xFF, 0x00, 0x12, 0xFF, 0xD9]);
        assert_eq!(bits.take(16).expect("two bytes"), 0xFF12);
        assert!(bits.take(1).is_err());
    }
}

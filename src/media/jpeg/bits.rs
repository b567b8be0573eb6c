//! Bits of the compressed pixels.

use super::super::MediaError;
use super::corrupt;
use super::huffman::{LOOKUP_BITS, Table};

/// Reads bits until the next marker, whose place it keeps.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, held: 0, count: 0 }
    }

    /// Where the marker after the bits begins, at the latest.
    pub fn at(&self) -> usize {
        self.at
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let Some(&byte) = self.bytes.get(self.at) else { return };
            let mut next = self.at + 1;
            if byte == 0xFF {
                // A zero follows an FF that is data. Any number of FF may precede a marker.
                while self.bytes.get(next) == Some(&0xFF) {
                    next += 1;
                }
                if self.bytes.get(next) != Some(&0) {
                    return;
                }
                next += 1;
            }
            self.at = next;
            self.held = self.held << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    /// So many bits, at most 16, as a number.
    pub fn take(&mut self, count: u32) -> Result<i32, MediaError> {
        if self.count < count {
            self.fill();
            if self.count < count {
                return Err(corrupt("ends within its pixels"));
            }
        }
        self.count -= count;
        Ok((self.held >> self.count) as i32 & ((1 << count) - 1))
    }

    /// A number of so many bits, of which the lower half of the values stand for negative ones.
    pub fn signed(&mut self, count: u32) -> Result<i32, MediaError> {
        if count == 0 {
            return Ok(0);
        }
        let value = self.take(count)?;
        Ok(if value < 1 << (count - 1) { value - (1 << count) + 1 } else { value })
    }

    pub fn symbol(&mut self, table: &Table) -> Result<u8, MediaError> {
        if self.count < 16 {
            self.fill();
        }
        // Zeros stand in for bits after the end; a code that would need them is refused.
        let window = if self.count >= 16 { self.held >> (self.count - 16) } else { self.held << (16 - self.count) };
        let window = window as u16;
        let short = table.lookup[usize::from(window >> (16 - LOOKUP_BITS))];
        let (length, symbol) = if short != 0 { (u32::from(short >> 8), short as u8) } else { table.long(window)? };
        if length > self.count {
            return Err(corrupt("ends within its pixels"));
        }
        self.count -= length;
        Ok(symbol)
    }

    /// Past the marker that starts part `number`.
    pub fn restart(&mut self, number: u8) -> Result<(), MediaError> {
        (self.held, self.count) = (0, 0);
        loop {
            match self.bytes.get(self.at..self.at + 2) {
                None => return Err(corrupt("ends within its pixels")),
                Some([0xFF, marker]) if *marker == 0xD0 + number % 8 => {
                    self.at += 2;
                    return Ok(());
                }
                Some([0xFF, 1..=0xFE]) => return Err(corrupt("lacks a part of its pixels")),
                Some(_) => self.at += 1,
            }
        }
    }
}

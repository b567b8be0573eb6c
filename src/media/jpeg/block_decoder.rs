//! What sequential and progressive decoding have in common.

use super::super::error::MediaError;
use super::bit_reader::BitReader;
use super::component::Component;

/// Decodes the blocks of one scan.
pub(super) trait BlockDecoder {
    /// Decodes the block at a row and column of a component, which is the scan's component `index`.
    fn decode_block(
        &mut self,
        bits: &mut BitReader,
        index: usize,
        component: &mut Component,
        position: (usize, usize),
    ) -> Result<(), MediaError>;

    /// Resets the state that is carried from block to block.
    fn restart(&mut self);
}

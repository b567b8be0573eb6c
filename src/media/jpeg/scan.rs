//! One pass over the pixels of a JPEG.

use super::super::MediaError;
use super::bits::Bits;
use super::corrupt;
use super::frame::{Component, Frame};
use super::header::{ScanHeader, Tables};
use super::progressive::Progressive;
use super::sequential::Sequential;

/// How blocks of one kind of file are read.
pub(super) trait Coder {
    /// The block at a row and column of a component, the `place`-th of the pass.
    fn block(
        &mut self,
        bits: &mut Bits,
        place: usize,
        component: &mut Component,
        at: (usize, usize),
    ) -> Result<(), MediaError>;

    /// Forgets what came before.
    fn restart(&mut self);
}

/// Reads a pass; gives the number of bytes that belong to it.
pub(super) fn decode(
    frame: &mut Frame,
    header: &ScanHeader,
    tables: &Tables,
    bytes: &[u8],
) -> Result<usize, MediaError> {
    let places = places(frame, header)?;
    for &place in &places {
        let component = &mut frame.components[place];
        // Details alone do not fill a component whose levels never came.
        if component.factors.is_none() && frame.progressive && (header.first > 0 || header.high > 0) {
            return Err(corrupt("has details of a colour before the colour"));
        }
        if component.factors.is_none() {
            let factors = tables.factors[component.table].clone();
            component.factors = Some(factors.ok_or_else(|| corrupt("lacks a table of factors"))?);
        }
    }
    if frame.progressive {
        let coder = Progressive::new(header, tables, places.len())?;
        places.iter().for_each(|&place| frame.components[place].note(header.first, header.last, header.low));
        blocks(frame, &places, tables.restart, coder, bytes)
    } else {
        blocks(frame, &places, tables.restart, Sequential::new(header, tables)?, bytes)
    }
}

/// The components of a pass, each once.
fn places(frame: &Frame, header: &ScanHeader) -> Result<Vec<usize>, MediaError> {
    let place = |&(id, ..): &(u8, usize, usize)| frame.components.iter().position(|c| c.id == id);
    let places: Option<Vec<usize>> = header.components.iter().map(place).collect();
    let places = places.ok_or_else(|| corrupt("has a pass over a colour that it lacks"))?;
    let twice = places.iter().enumerate().any(|(i, place)| places[..i].contains(place));
    if places.is_empty() || twice || !frame.unit_fits(&places) {
        return Err(corrupt("describes a pass wrongly"));
    }
    Ok(places)
}

fn blocks(
    frame: &mut Frame,
    places: &[usize],
    restart: usize,
    mut coder: impl Coder,
    bytes: &[u8],
) -> Result<usize, MediaError> {
    let mut bits = Bits::new(bytes);
    // A component alone comes without the blocks that only fill its last units.
    let alone = places.len() == 1;
    let (wide, high) = match frame.components.get(places[0]) {
        Some(only) if alone => (only.blocks_wide, only.blocks_high),
        _ => (frame.units_wide, frame.units_high),
    };
    let mut restarts = 0u8;
    for unit in 0..wide * high {
        if restart > 0 && unit > 0 && unit % restart == 0 {
            bits.restart(restarts)?;
            coder.restart();
            restarts = restarts.wrapping_add(1);
        }
        let (row, column) = (unit / wide, unit % wide);
        for (i, &place) in places.iter().enumerate() {
            let component = &mut frame.components[place];
            let (across, down) = if alone { (1, 1) } else { (component.across, component.down) };
            for y in row * down..(row + 1) * down {
                for x in column * across..(column + 1) * across {
                    coder.block(&mut bits, i, component, (y, x))?;
                }
            }
        }
    }
    Ok(bits.at())
}

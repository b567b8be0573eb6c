//! One scan: a pass over the blocks of some or all components.

use super::super::error::MediaError;
use super::bit_reader::BitReader;
use super::block_decoder::BlockDecoder;
use super::error::malformed;
use super::frame::Frame;
use super::headers::{ScanComponent, ScanHeader};
use super::progressive::ProgressiveDecoder;
use super::sequential::SequentialDecoder;
use super::tables::DecodingTables;

/// Decodes the scan whose entropy-coded data begins `bytes`. Returns the length of that data.
pub(super) fn decode_scan(
    frame: &mut Frame,
    header: &ScanHeader,
    tables: &DecodingTables,
    restart_interval: usize,
    bytes: &[u8],
) -> Result<usize, MediaError> {
    let indices = component_indices(frame, header)?;
    for &index in &indices {
        let component = &mut frame.components[index];
        if component.quantization.is_none() {
            if frame.progressive && (header.first > 0 || header.high > 0) {
                return Err(malformed("refines a component before its first scan"));
            }
            component.quantization = Some(tables.quantization(component.quantization_index)?);
        }
    }
    if frame.progressive {
        let decoder = ProgressiveDecoder::new(header, tables)?;
        for &index in &indices {
            frame.components[index].record_scan(header.first, header.last, header.low)?;
        }
        decode_blocks(frame, &indices, restart_interval, decoder, bytes)
    } else {
        let decoder = SequentialDecoder::new(header, tables)?;
        for &index in &indices {
            frame.components[index].record_scan(0, 63, 0)?;
        }
        decode_blocks(frame, &indices, restart_interval, decoder, bytes)
    }
}

/// The frame's components that the scan holds, each once.
fn component_indices(frame: &Frame, header: &ScanHeader) -> Result<Vec<usize>, MediaError> {
    let index = |c: &ScanComponent| frame.components.iter().position(|component| component.id == c.id);
    let indices: Option<Vec<usize>> = header.components.iter().map(index).collect();
    let indices = indices.ok_or_else(|| malformed("has a scan of a component that it lacks"))?;
    let has_duplicates = indices.iter().enumerate().any(|(i, index)| indices[..i].contains(index));
    if indices.is_empty() || has_duplicates || !frame.fits_one_unit(&indices) {
        return Err(malformed("has an invalid scan header"));
    }
    Ok(indices)
}

fn decode_blocks(
    frame: &mut Frame,
    indices: &[usize],
    restart_interval: usize,
    mut decoder: impl BlockDecoder,
    bytes: &[u8],
) -> Result<usize, MediaError> {
    let mut bits = BitReader::new(bytes);
    // The scan of a single component lacks the blocks that pad it to whole minimum coded units.
    let is_single = indices.len() == 1;
    let (wide, high) = if is_single {
        let component = &frame.components[indices[0]];
        (component.blocks_wide, component.blocks_high)
    } else {
        (frame.units_wide, frame.units_high)
    };
    let mut restarts = 0u8;
    for unit in 0..wide * high {
        if restart_interval > 0 && unit > 0 && unit % restart_interval == 0 {
            bits.skip_restart_marker(restarts)?;
            decoder.restart();
            restarts = restarts.wrapping_add(1);
        }
        let (row, column) = (unit / wide, unit % wide);
        for (i, &index) in indices.iter().enumerate() {
            let component = &mut frame.components[index];
            let (across, down) = if is_single { (1, 1) } else { (component.horizontal, component.vertical) };
            for y in row * down..(row + 1) * down {
                for x in column * across..(column + 1) * across {
                    decoder.decode_block(&mut bits, i, component, (y, x))?;
                }
            }
        }
    }
    Ok(bits.position())
}

//! Reads files line by line, each with a limit.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::error::{EvalError, LineFault};

/// Far above any real line: a limit on the memory that a wrong file can take.
const MAX_LINE_BYTES: usize = 32 << 20;

/// Calls `read` with each line that is not blank, and its number from 1. What it finds wrong is reported with both.
pub fn for_each_line(path: &Path, mut read: impl FnMut(usize, &str) -> Result<(), LineFault>) -> Result<(), EvalError> {
    let failed = |e| EvalError::read(path, e);
    let mut reader = BufReader::new(File::open(path).map_err(failed)?);
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let count = reader.by_ref().take(MAX_LINE_BYTES as u64 + 1).read_until(b'\n', &mut bytes).map_err(failed)?;
        if count == 0 {
            break;
        }
        checked_line(&bytes, number == 1)
            .and_then(|line| if line.trim().is_empty() { Ok(()) } else { read(number, line) })
            .map_err(|fault| EvalError::line(path, number, fault))?;
    }
    Ok(())
}

fn checked_line(bytes: &[u8], is_first: bool) -> Result<&str, LineFault> {
    if bytes.len() > MAX_LINE_BYTES {
        return Err(LineFault::TooLong { limit: MAX_LINE_BYTES });
    }
    let line = std::str::from_utf8(bytes).map_err(|_| LineFault::NotUtf8)?;
    let line = if is_first { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
    Ok(line.trim_end_matches(['\n', '\r']))
}

/// The columns of a line: separated by tabs, or by any white space where there is no tab.
pub fn columns(line: &str) -> Vec<&str> {
    match line.contains('\t') {
        true => line.trim_end().split('\t').map(str::trim).collect(),
        false => line.split_whitespace().collect(),
    }
}

//! A file of records of one size, each with a checksum, to which a run appends and which the next one reads.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use super::error::EvalError;

const CHECKSUM_BYTES: usize = 4;

/// An open file of records. A line before them says what they are of.
pub struct RecordLog {
    file: File,
    path: PathBuf,
    heading: Vec<u8>,
}

impl RecordLog {
    /// Opens or makes a file, and calls `read` with each record that is whole. What a killed run left of a last record is
    /// cut away. A file with another heading is emptied.
    pub fn open(
        path: PathBuf,
        heading: &str,
        record_bytes: usize,
        mut read: impl FnMut(&[u8]),
    ) -> Result<Self, EvalError> {
        let failed = |e| EvalError::write(&path, e);
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(failed)?;
        file.try_lock().map_err(|e| match e {
            TryLockError::WouldBlock => EvalError::StateInUse { path: path.clone() },
            TryLockError::Error(e) => failed(e),
        })?;
        let heading = format!("{heading}\n").into_bytes();
        let whole = read_records(&file, &heading, record_bytes, &mut read).map_err(|e| EvalError::read(&path, e))?;
        let mut log = Self { file, path, heading };
        match whole {
            Some(bytes) => log.file.set_len(bytes).map_err(|e| log.failed(e))?,
            None => log.clear()?,
        }
        Ok(log)
    }

    /// Appends a record.
    pub fn append(&mut self, record: &[u8]) -> Result<(), EvalError> {
        // In one write, so that a killed process leaves at most one record torn.
        let bytes = [record, &crc32fast::hash(record).to_le_bytes()].concat();
        self.file.write_all(&bytes).map_err(|e| self.failed(e))
    }

    /// Removes all records.
    pub fn clear(&mut self) -> Result<(), EvalError> {
        let cleared = self.file.set_len(0).and_then(|()| self.file.write_all(&self.heading));
        cleared.map_err(|e| self.failed(e))
    }

    fn failed(&self, error: std::io::Error) -> EvalError {
        EvalError::write(&self.path, error)
    }
}

/// The bytes of the heading and of all whole records behind it; none if the heading is another one. Records whose checksum is
/// wrong are passed over.
fn read_records(
    file: &File,
    heading: &[u8],
    record_bytes: usize,
    read: &mut dyn FnMut(&[u8]),
) -> std::io::Result<Option<u64>> {
    let mut reader = BufReader::new(file);
    if next(&mut reader, heading.len())? != heading {
        return Ok(None);
    }
    let mut whole = heading.len() as u64;
    loop {
        let bytes = next(&mut reader, record_bytes + CHECKSUM_BYTES)?;
        if bytes.len() < record_bytes + CHECKSUM_BYTES {
            return Ok(Some(whole));
        }
        whole += bytes.len() as u64;
        let (record, checksum) = bytes.split_at(record_bytes);
        if crc32fast::hash(record).to_le_bytes() == checksum {
            read(record);
        }
    }
}

/// The next bytes, fewer at the end of the file.
fn next(reader: &mut impl Read, count: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(count);
    reader.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The files in a folder that begin like this one and are not it.
pub fn others_like(path: &Path, start: &str) -> usize {
    let names = path.parent().and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let other = |name: &std::ffi::OsStr| Some(name) != path.file_name() && name.to_string_lossy().starts_with(start);
    names.filter(|entry| other(&entry.file_name())).count()
}

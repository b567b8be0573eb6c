//! Reads little-endian values from the start of a file, in chunks: the length of a header is known only at its end.

use crate::bytes::Source;
use crate::weights::error::WeightsError;
use crate::weights::limits::MAX_HEADER_BYTES;

/// The first chunk: enough for the header of a file without a tokenizer.
const FIRST_CHUNK: usize = 64 << 10;
/// The largest chunk.
const MAX_CHUNK: usize = 8 << 20;

pub(super) struct HeaderReader<'a> {
    source: &'a dyn Source,
    buffer: Vec<u8>,
    /// Where `buffer` starts in the file, and how much of it was consumed.
    base: u64,
    read: usize,
    chunk: usize,
}

impl<'a> HeaderReader<'a> {
    pub fn new(source: &'a dyn Source) -> Self {
        Self { source, buffer: Vec::new(), base: 0, read: 0, chunk: FIRST_CHUNK }
    }

    /// Where the next value starts in the file.
    pub fn position(&self) -> u64 {
        self.base + self.read as u64
    }

    pub fn invalid(&self, detail: impl Into<String>) -> WeightsError {
        WeightsError::invalid(self.source.name(), detail)
    }

    /// Refuses a count of items that would not fit into the rest of the file, before anything is allocated for them.
    pub fn check_count(&self, count: u64, least_bytes: u64, limit: u64, what: &str) -> Result<usize, WeightsError> {
        let left = self.source.len() - self.position();
        match count.checked_mul(least_bytes) {
            Some(bytes) if bytes <= left && count <= limit => Ok(count as usize),
            _ => Err(self.invalid(format!("it claims {count} {what}, more than it can hold or than are allowed"))),
        }
    }

    /// The next bytes.
    pub async fn bytes(&mut self, len: usize) -> Result<&[u8], WeightsError> {
        if self.buffer.len() - self.read < len {
            self.fill(len).await?;
        }
        let start = self.read;
        self.read += len;
        Ok(&self.buffer[start..start + len])
    }

    async fn fill(&mut self, len: usize) -> Result<(), WeightsError> {
        let position = self.position();
        let end = position + self.buffer.len() as u64 - self.read as u64;
        let left = self.source.len().saturating_sub(end);
        let missing = len - (self.buffer.len() - self.read);
        if missing as u64 > left {
            return Err(self.invalid("it is truncated: it ends within its header"));
        }
        if position + len as u64 > MAX_HEADER_BYTES {
            return Err(self.invalid(format!("its header is longer than the {MAX_HEADER_BYTES} bytes allowed")));
        }
        // The length of a file may exceed usize on wasm.
        let chunk = (self.chunk.max(missing) as u64).min(left) as usize;
        self.chunk = (self.chunk * 2).min(MAX_CHUNK);
        let more = self.source.read(end, chunk).await?;
        self.buffer.drain(..self.read);
        self.base = position;
        self.read = 0;
        self.buffer.extend_from_slice(&more);
        Ok(())
    }

    pub async fn array<const N: usize>(&mut self) -> Result<[u8; N], WeightsError> {
        let mut out = [0; N];
        out.copy_from_slice(self.bytes(N).await?);
        Ok(out)
    }

    pub async fn u32(&mut self) -> Result<u32, WeightsError> {
        Ok(u32::from_le_bytes(self.array().await?))
    }

    pub async fn u64(&mut self) -> Result<u64, WeightsError> {
        Ok(u64::from_le_bytes(self.array().await?))
    }

    pub async fn string(&mut self, limit: u64) -> Result<String, WeightsError> {
        let len = self.u64().await?;
        let len = self.check_count(len, 1, limit, "bytes of one text")?;
        let text = String::from_utf8(self.bytes(len).await?.to_vec());
        text.map_err(|_| self.invalid("one of its texts is not UTF-8"))
    }
}

//! Writes a GGUF file sequentially: any `Write` will do, and no tensor has to be in memory whole.

use std::io::{self, Write};

use crate::weights::dtype::DType;

const MAGIC: &[u8; 4] = b"GGUF";
const VERSION: u32 = 3;
const ALIGNMENT: u64 = 32;

/// A metadata value, in the type that llama.cpp's tools use for its key.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// An unsigned 16-bit integer.
    U16(u16),
    /// An unsigned 32-bit integer.
    U32(u32),
    /// A signed 32-bit integer.
    I32(i32),
    /// A single-precision float.
    F32(f32),
    /// A boolean.
    Bool(bool),
    /// A string.
    String(String),
    /// A list of strings.
    Strings(Vec<String>),
    /// Bytes.
    U8s(Vec<u8>),
    /// A list of signed 32-bit integers.
    I32s(Vec<i32>),
    /// A list of single-precision floats.
    F32s(Vec<f32>),
    /// A list of booleans.
    Bools(Vec<bool>),
}

impl Field {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::U16(n) => put_typed(out, 2, &n.to_le_bytes()),
            Self::U32(n) => put_typed(out, 4, &n.to_le_bytes()),
            Self::I32(n) => put_typed(out, 5, &n.to_le_bytes()),
            Self::F32(n) => put_typed(out, 6, &n.to_le_bytes()),
            Self::Bool(b) => put_typed(out, 7, &[u8::from(*b)]),
            Self::String(text) => {
                put_typed(out, 8, &[]);
                put_text(text, out);
            }
            Self::Strings(list) => {
                put_list_head(out, 8, list.len());
                list.iter().for_each(|text| put_text(text, out));
            }
            Self::U8s(bytes) => {
                put_list_head(out, 0, bytes.len());
                out.extend(bytes);
            }
            Self::I32s(list) => {
                put_list_head(out, 5, list.len());
                out.extend(list.iter().flat_map(|n| n.to_le_bytes()));
            }
            Self::F32s(list) => {
                put_list_head(out, 6, list.len());
                out.extend(list.iter().flat_map(|n| n.to_le_bytes()));
            }
            Self::Bools(list) => {
                put_list_head(out, 7, list.len());
                out.extend(list.iter().map(|&b| u8::from(b)));
            }
        }
    }
}

fn put_typed(out: &mut Vec<u8>, kind: u32, bytes: &[u8]) {
    out.extend(kind.to_le_bytes());
    out.extend(bytes);
}

fn put_list_head(out: &mut Vec<u8>, kind: u32, len: usize) {
    put_typed(out, 9, &kind.to_le_bytes());
    out.extend((len as u64).to_le_bytes());
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

/// A tensor to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTensor {
    /// Its name in the file.
    pub name: String,
    /// Its type.
    pub dtype: DType,
    /// Its shape, outermost dimension first.
    pub shape: Vec<usize>,
}

impl NewTensor {
    /// Bytes of its data; none if its rows are not whole blocks of its type.
    pub fn data_len(&self) -> Option<u64> {
        let row = self.shape.last().copied().unwrap_or(1) as u64;
        let count = self.shape.iter().try_fold(1u64, |product, &d| product.checked_mul(d as u64))?;
        if row.is_multiple_of(self.dtype.block_len() as u64) { self.dtype.bytes_of(count) } else { None }
    }

    /// Bytes that it adds to a file: its record in the header, its data, and the padding after it.
    pub fn len_in_file(&self) -> Option<u64> {
        let record = 8 + self.name.len() as u64 + 4 + 8 * self.shape.len() as u64 + 4 + 8;
        record.checked_add(self.data_len()?.checked_next_multiple_of(ALIGNMENT)?)
    }
}

/// The header and the offsets of a file, known before the first byte is written.
pub struct GgufLayout {
    header: Vec<u8>,
    lens: Vec<u64>,
    file_len: u64,
}

impl GgufLayout {
    /// From the metadata and the tensors, both in the order in which they are to be in the file. None if a tensor's
    /// rows are not whole blocks of its type.
    pub fn new(fields: &[(String, Field)], tensors: &[NewTensor]) -> Option<Self> {
        let mut header = [MAGIC.as_slice(), &VERSION.to_le_bytes()].concat();
        header.extend((tensors.len() as u64).to_le_bytes());
        header.extend((fields.len() as u64).to_le_bytes());
        for (key, field) in fields {
            put_text(key, &mut header);
            field.put(&mut header);
        }
        let (mut lens, mut offset) = (Vec::with_capacity(tensors.len()), 0u64);
        for tensor in tensors {
            put_text(&tensor.name, &mut header);
            header.extend((tensor.shape.len() as u32).to_le_bytes());
            // The file lists the innermost dimension first.
            header.extend(tensor.shape.iter().rev().flat_map(|&d| (d as u64).to_le_bytes()));
            header.extend(tensor.dtype.ggml().to_le_bytes());
            header.extend(offset.to_le_bytes());
            let len = tensor.data_len()?;
            offset = offset.checked_add(len)?.checked_next_multiple_of(ALIGNMENT)?;
            lens.push(len);
        }
        header.resize(header.len().next_multiple_of(ALIGNMENT as usize), 0);
        let file_len = offset.checked_add(header.len() as u64)?;
        Some(Self { header, lens, file_len })
    }

    /// Bytes of the whole file.
    pub fn file_len(&self) -> u64 {
        self.file_len
    }
}

/// Writes a file with a given layout: the tensors in their order, each in any number of pieces.
pub struct GgufWriter<W> {
    out: W,
    lens: std::vec::IntoIter<u64>,
    /// Bytes that the current tensor still lacks.
    missing: u64,
    padding: u64,
    written: u64,
    file_len: u64,
}

impl<W: Write> GgufWriter<W> {
    /// Writes the header.
    pub fn start(mut out: W, layout: GgufLayout) -> io::Result<Self> {
        out.write_all(&layout.header)?;
        let written = layout.header.len() as u64;
        let (lens, file_len) = (layout.lens.into_iter(), layout.file_len);
        Ok(Self { out, lens, missing: 0, padding: 0, written, file_len })
    }

    /// Begins the next tensor; the one before it must be complete.
    pub fn next_tensor(&mut self) -> io::Result<()> {
        self.end_tensor()?;
        let len =
            self.lens.next().ok_or_else(|| layout_mismatch("there is no further tensor in its header".to_owned()))?;
        self.missing = len;
        self.padding = len.next_multiple_of(ALIGNMENT) - len;
        Ok(())
    }

    /// Writes a piece of the current tensor.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let len = bytes.len() as u64;
        self.missing =
            self.missing.checked_sub(len).ok_or_else(|| layout_mismatch("a tensor got too many bytes".to_owned()))?;
        self.written += len;
        self.out.write_all(bytes)
    }

    /// Writes the last padding, checks that the file is as long as its layout says, and returns the output.
    pub fn finish(mut self) -> io::Result<W> {
        self.end_tensor()?;
        if self.lens.len() > 0 || self.written != self.file_len {
            let detail = format!("{} of {} bytes were written", self.written, self.file_len);
            return Err(layout_mismatch(detail));
        }
        self.out.flush()?;
        Ok(self.out)
    }

    fn end_tensor(&mut self) -> io::Result<()> {
        if self.missing > 0 {
            return Err(layout_mismatch(format!("a tensor lacks {} bytes", self.missing)));
        }
        let padding = std::mem::take(&mut self.padding);
        self.written += padding;
        self.out.write_all(&[0; ALIGNMENT as usize][..padding as usize])
    }
}

fn layout_mismatch(detail: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the file is not written as it was laid out: {detail}"))
}

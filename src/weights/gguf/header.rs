//! The header of a GGUF file: its metadata, and where its tensors are.

use std::collections::BTreeSet;

use super::reader::HeaderReader;
use super::value::{Metadata, Value};
use crate::bytes::{Source, refuse_html};
use crate::weights::dtype::{DType, block_of_ggml, name_of_ggml};
use crate::weights::error::WeightsError;

const MAGIC: &[u8; 4] = b"GGUF";
const DEFAULT_ALIGNMENT: u64 = 32;
const MAX_ALIGNMENT: u64 = 1 << 16;
const MAX_VALUES: u64 = 1 << 16;
const MAX_TENSORS: u64 = 100_000;
/// Tokens and merges of the largest vocabularies are some hundred thousand.
const MAX_ARRAY: u64 = 1 << 22;
/// Strings for which memory is reserved before any of them is read.
const MAX_RESERVED: usize = 1 << 12;
const MAX_KEY_BYTES: u64 = 1 << 16;
/// The longest text in the metadata that is read.
pub const MAX_STRING_BYTES: u64 = 16 << 20;
const MAX_DIMENSIONS: u32 = 4;

/// The header of a GGUF file.
#[derive(Debug, Clone)]
pub struct GgufHeader {
    /// Its metadata.
    pub metadata: Metadata,
    /// Its tensors, in the order of the file.
    pub tensors: Vec<GgufTensor>,
}

/// One tensor of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GgufTensor {
    /// Its name in the file.
    pub name: String,
    /// Its type, or the name of an unsupported one.
    pub dtype: Result<DType, String>,
    /// Its shape, outermost dimension first.
    pub shape: Vec<usize>,
    /// Where its bytes start in the file.
    pub offset: u64,
    /// How many bytes they are.
    pub len: u64,
}

/// Reads and checks the header of a file.
///
/// ```
/// use secondpass::bytes::MemorySource;
/// use secondpass::weights::gguf::{Field, GgufLayout, GgufWriter, read_header};
///
/// let fields = [("general.name".to_owned(), Field::String("tiny".to_owned()))];
/// let layout = GgufLayout::new(&fields, &[]).expect("no tensor, no partial blocks");
/// let file = GgufWriter::start(Vec::new(), layout)?.finish()?;
/// let header = pollster::block_on(read_header(&MemorySource::new("tiny.gguf", file)))?;
/// assert_eq!(header.metadata.string("general.name"), Some("tiny"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn read_header(source: &dyn Source) -> Result<GgufHeader, WeightsError> {
    let mut reader = HeaderReader::new(source);
    if source.len() < 24 {
        let start = source.read(0, source.len() as usize).await?;
        refuse_html(source.name(), &start)?;
        return Err(reader.invalid("it is truncated: too short for a GGUF file"));
    }
    let magic: [u8; 4] = reader.array().await?;
    refuse_html(source.name(), &magic)?;
    if &magic != MAGIC {
        return Err(reader.invalid("it does not start as a GGUF file does"));
    }
    match reader.u32().await? {
        2 | 3 => {}
        version if version.swap_bytes() == 2 || version.swap_bytes() == 3 => {
            return Err(reader.invalid("it is a big-endian GGUF file; only little-endian ones are read"));
        }
        version => return Err(reader.invalid(format!("it is of GGUF version {version}; 2 and 3 are read"))),
    }
    let tensors = reader.u64().await?;
    let values = reader.u64().await?;
    // The smallest encoding of one of each.
    let tensors = reader.check_count(tensors, 24, MAX_TENSORS, "tensors")?;
    let values = reader.check_count(values, 13, MAX_VALUES, "values")?;
    let metadata = read_metadata(&mut reader, source, values).await?;
    let tensors = read_tensors(&mut reader, source, &metadata, tensors).await?;
    Ok(GgufHeader { metadata, tensors })
}

async fn read_metadata(
    reader: &mut HeaderReader<'_>,
    source: &dyn Source,
    count: usize,
) -> Result<Metadata, WeightsError> {
    let mut metadata = Metadata { file: source.name().to_owned(), ..Metadata::default() };
    for _ in 0..count {
        let key = reader.string(MAX_KEY_BYTES).await?;
        let kind = reader.u32().await?;
        let value = match kind {
            9 => read_array(reader, &key).await?,
            8 => Value::String(reader.string(MAX_STRING_BYTES).await?),
            scalar => read_scalar(reader, scalar, &key).await?,
        };
        if metadata.values.insert(key.clone(), value).is_some() {
            return Err(reader.invalid(format!("the key {key} is there twice")));
        }
    }
    Ok(metadata)
}

/// Bytes of a scalar of that type.
fn scalar_len(kind: u32) -> Option<usize> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

async fn read_scalar(reader: &mut HeaderReader<'_>, kind: u32, key: &str) -> Result<Value, WeightsError> {
    let Some(len) = scalar_len(kind) else {
        return Err(reader.invalid(format!("{key} is of an unknown type ({kind})")));
    };
    Ok(scalar(kind, reader.bytes(len).await?))
}

fn scalar(kind: u32, bytes: &[u8]) -> Value {
    let mut wide = [0u8; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    let raw = u64::from_le_bytes(wide);
    match kind {
        0 | 2 | 4 | 10 => Value::Unsigned(raw),
        1 => Value::Signed(i64::from(raw as u8 as i8)),
        3 => Value::Signed(i64::from(raw as u16 as i16)),
        5 => Value::Signed(i64::from(raw as u32 as i32)),
        11 => Value::Signed(raw as i64),
        6 => Value::Float(f64::from(f32::from_bits(raw as u32))),
        7 => Value::Bool(raw != 0),
        _ => Value::Float(f64::from_bits(raw)),
    }
}

async fn read_array(reader: &mut HeaderReader<'_>, key: &str) -> Result<Value, WeightsError> {
    let kind = reader.u32().await?;
    let count = reader.u64().await?;
    if kind == 8 {
        let count = reader.check_count(count, 8, MAX_ARRAY, "texts of a list")?;
        let mut strings = Vec::with_capacity(count.min(MAX_RESERVED));
        for _ in 0..count {
            strings.push(reader.string(MAX_STRING_BYTES).await?);
        }
        return Ok(Value::Strings(strings));
    }
    let Some(len) = scalar_len(kind) else {
        return Err(reader.invalid(format!("{key} is a list of a type that is not read ({kind})")));
    };
    let count = reader.check_count(count, len as u64, MAX_ARRAY, "numbers of a list")?;
    let bytes = reader.bytes(count * len).await?;
    let number = |bytes: &[u8]| match scalar(kind, bytes) {
        Value::Unsigned(n) => n as f64,
        Value::Signed(n) => n as f64,
        Value::Float(n) => n,
        other => f64::from(u8::from(other == Value::Bool(true))),
    };
    Ok(Value::Numbers(bytes.chunks_exact(len).map(number).collect()))
}

/// What a header says of a tensor, unchecked.
struct TensorRecord {
    name: String,
    shape: Vec<u64>,
    number: u32,
    offset: u64,
}

async fn read_tensors(
    reader: &mut HeaderReader<'_>,
    source: &dyn Source,
    metadata: &Metadata,
    count: usize,
) -> Result<Vec<GgufTensor>, WeightsError> {
    let mut records = Vec::with_capacity(count);
    for _ in 0..count {
        let name = reader.string(MAX_KEY_BYTES).await?;
        let dimensions = reader.u32().await?;
        if dimensions > MAX_DIMENSIONS {
            return Err(reader.invalid(format!("tensor {name} has more than {MAX_DIMENSIONS} dimensions")));
        }
        let mut shape = Vec::with_capacity(dimensions as usize);
        for _ in 0..dimensions {
            shape.push(reader.u64().await?);
        }
        // The file lists the innermost dimension first.
        shape.reverse();
        records.push(TensorRecord { name, shape, number: reader.u32().await?, offset: reader.u64().await? });
    }
    let alignment = match metadata.get("general.alignment") {
        None => DEFAULT_ALIGNMENT,
        Some(Value::Unsigned(n)) if n.is_power_of_two() && *n <= MAX_ALIGNMENT => *n,
        Some(_) => return Err(reader.invalid("its general.alignment is no power of two up to 65,536")),
    };
    let data = reader.position().next_multiple_of(alignment);
    let tensors: Result<Vec<_>, String> =
        records.into_iter().map(|t| locate(t, data, alignment, source.len())).collect();
    let tensors = tensors.map_err(|detail| reader.invalid(detail))?;
    check_overlaps(&tensors).map_err(|detail| reader.invalid(detail))?;
    Ok(tensors)
}

fn locate(record: TensorRecord, data: u64, alignment: u64, file: u64) -> Result<GgufTensor, String> {
    let TensorRecord { name, shape, number, offset } = record;
    let Some((bytes, values)) = block_of_ggml(number) else {
        return Err(format!("tensor {name} is of a type that is not known ({})", name_of_ggml(number)));
    };
    let row = shape.last().copied().unwrap_or(1);
    let count = shape.iter().try_fold(1u64, |product, &d| product.checked_mul(d));
    let len = count.filter(|_| row.is_multiple_of(values)).and_then(|count| (count / values).checked_mul(bytes));
    let Some(len) = len else {
        return Err(format!("tensor {name}: its shape {shape:?} does not fill whole blocks of its type"));
    };
    if count == Some(0) {
        return Err(format!("tensor {name} is empty"));
    }
    if !offset.is_multiple_of(alignment) {
        return Err(format!("tensor {name} does not start at a multiple of {alignment}"));
    }
    let start = data.checked_add(offset);
    if start.and_then(|s| s.checked_add(len)).is_none_or(|end| end > file) {
        return Err(format!("it is truncated: tensor {name} ends beyond the end of the file"));
    }
    let shape: Result<Vec<usize>, _> = shape.into_iter().map(usize::try_from).collect();
    let shape = shape.map_err(|_| format!("tensor {name} has a dimension that is too large"))?;
    let dtype = DType::from_ggml(number).ok_or_else(|| name_of_ggml(number));
    Ok(GgufTensor { name, dtype, shape, offset: data + offset, len })
}

fn check_overlaps(tensors: &[GgufTensor]) -> Result<(), String> {
    let mut names = BTreeSet::new();
    if let Some(twice) = tensors.iter().find(|t| !names.insert(t.name.as_str())) {
        return Err(format!("tensor {} is there twice", twice.name));
    }
    let mut order: Vec<&GgufTensor> = tensors.iter().filter(|t| t.len > 0).collect();
    order.sort_unstable_by_key(|t| t.offset);
    match order.windows(2).find(|pair| pair[0].offset + pair[0].len > pair[1].offset) {
        Some(pair) => Err(format!("tensor {} overlaps the one before it", pair[1].name)),
        None => Ok(()),
    }
}

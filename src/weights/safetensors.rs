//! The header of a safetensors file: eight bytes of length, JSON, then the tensors without a gap.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::dtype::{DType, size_of_any};
use super::error::WeightsError;
use super::limits::MAX_HEADER_BYTES;
use crate::bytes::{Source, refuse_html};

const MAX_TENSORS: usize = 100_000;
const MAX_NAME_BYTES: usize = 512;
const MAX_DIMENSIONS: usize = 8;

/// Where a tensor is in its file, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name in the file.
    pub name: String,
    /// Its type.
    pub dtype: DType,
    /// Its shape, outermost dimension first.
    pub shape: Vec<usize>,
    /// Where its bytes start in the file.
    pub offset: u64,
    /// How many bytes they are.
    pub len: u64,
}

/// A tensor of a type that the format allows and this crate does not support.
pub(super) struct UnsupportedTensor {
    pub name: String,
    pub dtype: String,
}

#[derive(Default)]
pub(super) struct SafetensorsHeader {
    pub tensors: Vec<TensorInfo>,
    pub unreadable: Vec<UnsupportedTensor>,
}

#[derive(Deserialize)]
struct TensorEntry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// The entries in file order. Deserializing into a map would silently keep the last of two equal names.
struct TensorEntries(Vec<(String, TensorEntry)>);

impl<'de> Deserialize<'de> for TensorEntries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TensorEntriesVisitor;
        impl<'de> Visitor<'de> for TensorEntriesVisitor {
            type Value = TensorEntries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TensorEntries, A::Error> {
                let mut entries = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                    if entries.len() == MAX_TENSORS || name.len() > MAX_NAME_BYTES {
                        return Err(serde::de::Error::custom("too many tensors, or too long a name"));
                    }
                    entries.push((name, map.next_value()?));
                }
                Ok(TensorEntries(entries))
            }
        }
        deserializer.deserialize_map(TensorEntriesVisitor)
    }
}

/// Reads and checks the header of a file.
pub(super) async fn read_header(source: &dyn Source) -> Result<SafetensorsHeader, WeightsError> {
    let invalid = |detail: String| WeightsError::invalid(source.name(), detail);
    if source.len() < 8 {
        let start = source.read(0, source.len() as usize).await?;
        refuse_html(source.name(), &start)?;
        return Err(invalid("it is truncated: shorter than the length of its header".into()));
    }
    let prefix = source.read(0, 8).await?;
    refuse_html(source.name(), &prefix)?;
    let length = prefix.iter().rev().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
    if length > MAX_HEADER_BYTES {
        return Err(invalid(format!("its header claims {length} bytes, more than the {MAX_HEADER_BYTES} allowed")));
    }
    if length > source.len() - 8 {
        return Err(invalid("it is truncated: it ends within its header".into()));
    }
    let json = source.read(8, length as usize).await?;
    let TensorEntries(entries) =
        serde_json::from_slice(&json).map_err(|e| invalid(format!("its header is no valid JSON ({e})")))?;
    build(entries, 8 + length, source.len()).map_err(invalid)
}

fn build(mut entries: Vec<(String, TensorEntry)>, data: u64, file: u64) -> Result<SafetensorsHeader, String> {
    refuse_duplicates(&entries)?;
    entries.sort_by_key(|(_, entry)| entry.data_offsets);
    let mut header = SafetensorsHeader::default();
    let mut end = 0;
    for (name, entry) in entries {
        let [from, to] = entry.data_offsets;
        if from < end {
            return Err(format!("tensor {name} overlaps the one before it"));
        }
        if from > end {
            return Err(format!("there is a gap before tensor {name}"));
        }
        if data.checked_add(to).is_none_or(|last| last > file) {
            return Err(format!("it is truncated: tensor {name} ends beyond the end of the file"));
        }
        check_size(&name, &entry)?;
        end = to;
        match DType::from_safetensors(&entry.dtype) {
            Some(dtype) => {
                // The product was checked, so each dimension fits, unless another one is zero.
                let shape = entry.shape.iter().map(|&d| usize::try_from(d)).collect::<Result<_, _>>();
                let shape = shape.map_err(|_| format!("tensor {name} has a dimension that is too large"))?;
                header.tensors.push(TensorInfo { name, dtype, shape, offset: data + from, len: to - from });
            }
            None => header.unreadable.push(UnsupportedTensor { name, dtype: entry.dtype }),
        }
    }
    Ok(header)
}

fn refuse_duplicates(entries: &[(String, TensorEntry)]) -> Result<(), String> {
    let mut names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("tensor {} is there twice", pair[0])),
        None => Ok(()),
    }
}

fn check_size(name: &str, entry: &TensorEntry) -> Result<(), String> {
    let [from, to] = entry.data_offsets;
    if entry.shape.len() > MAX_DIMENSIONS {
        return Err(format!("tensor {name} has more than {MAX_DIMENSIONS} dimensions"));
    }
    // The size of an unknown type cannot be checked; such a tensor is refused when it is asked for.
    let Some(size) = size_of_any(&entry.dtype) else { return Ok(()) };
    let bytes = entry.shape.iter().try_fold(size, |product, &d| product.checked_mul(d));
    if to.checked_sub(from).is_none() || bytes != Some(to - from) {
        return Err(format!(
            "tensor {name}: its shape {:?} of {} does not fill its bytes {from}..{to}",
            entry.shape, entry.dtype
        ));
    }
    Ok(())
}

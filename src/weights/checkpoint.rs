//! A checkpoint: named tensors, in one safetensors file, in several under an index, or in GGUF.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::DType;
use super::gguf::{self, GgufHeader, GgufTensor};
use super::safetensors::{TensorInfo, read_header};
use crate::bytes::WeightsError;
use crate::bytes::{Folder, Source, read_required};

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
const MAX_INDEX_BYTES: u64 = 16 << 20;
const MAX_SHARDS: usize = 1024;

/// The most that is read at once.
const MAX_READ_BYTES: usize = 64 << 20;

/// What the published checkpoints and their conversions put before a name such as `layers.0.mlp.up_proj.weight` or
/// `visual.merger.norm.weight`.
const PREFIXES: [&str; 5] = ["", "model.", "model.language_model.", "language_model.model.", "language_model."];

/// The tensors of a model, wherever they are.
pub struct Checkpoint {
    sources: Vec<Box<dyn Source>>,
    tensors: BTreeMap<String, Located>,
    /// Tensors of types that are not read, with their types, for the message of whoever asks for one.
    unreadable: BTreeMap<String, String>,
}

struct Located {
    info: TensorInfo,
    source: usize,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Checkpoint {
    /// The tensors of GGUF files whose headers were read: a whole model, all its parts, and the file of its vision
    /// tower. `deepstack` are the numbers of the blocks by which that file counts.
    pub fn from_gguf(files: Vec<(Box<dyn Source>, GgufHeader)>, deepstack: &[usize]) -> Result<Self, WeightsError> {
        let mut checkpoint = Self { sources: Vec::new(), tensors: BTreeMap::new(), unreadable: BTreeMap::new() };
        for (source, header) in files {
            let at = checkpoint.sources.len();
            for GgufTensor { name, dtype, shape, offset, len } in header.tensors {
                let name = gguf::canonical(&name, deepstack);
                match dtype {
                    Ok(dtype) => {
                        let info = TensorInfo { name, dtype, shape, offset, len };
                        checkpoint.insert(&*source, Located { info, source: at })?;
                    }
                    Err(dtype) => drop(checkpoint.unreadable.insert(name, dtype)),
                }
            }
            checkpoint.sources.push(source);
        }
        Ok(checkpoint)
    }

    /// Opens `model.safetensors`, or the files that `model.safetensors.index.json` names, and reads their headers.
    pub async fn open(folder: &dyn Folder) -> Result<Self, WeightsError> {
        let mut checkpoint = Self { sources: Vec::new(), tensors: BTreeMap::new(), unreadable: BTreeMap::new() };
        if let Some(source) = folder.open(SINGLE).await? {
            checkpoint.add(source).await?;
            return Ok(checkpoint);
        }
        for file in Self::shards(folder).await? {
            let source = folder.open(&file).await?.ok_or(WeightsError::NotFound { file })?;
            checkpoint.add(source).await?;
        }
        Ok(checkpoint)
    }

    /// The files that `model.safetensors.index.json` names.
    pub async fn shards(folder: &dyn Folder) -> Result<Vec<String>, WeightsError> {
        match read_required(folder, INDEX, MAX_INDEX_BYTES).await {
            Err(WeightsError::NotFound { .. }) => Err(WeightsError::NotFound { file: SINGLE.to_owned() }),
            index => shards(&index?),
        }
    }

    async fn add(&mut self, source: Box<dyn Source>) -> Result<(), WeightsError> {
        let header = read_header(&*source).await?;
        let at = self.sources.len();
        for info in header.tensors {
            self.insert(&*source, Located { info, source: at })?;
        }
        self.unreadable.extend(header.unreadable.into_iter().map(|t| (t.name, t.dtype)));
        self.sources.push(source);
        Ok(())
    }

    fn insert(&mut self, source: &dyn Source, located: Located) -> Result<(), WeightsError> {
        let name = located.info.name.clone();
        if self.tensors.insert(name.clone(), located).is_none() {
            return Ok(());
        }
        let detail = format!("tensor {name} is in another file too");
        Err(WeightsError::Invalid { file: source.name().to_owned(), detail })
    }

    /// Every tensor that can be read.
    pub fn tensors(&self) -> impl Iterator<Item = &TensorInfo> {
        self.tensors.values().map(|located| &located.info)
    }

    /// Bytes of all of them.
    pub fn total_bytes(&self) -> u64 {
        self.tensors().map(|info| info.len).sum()
    }

    /// One tensor, by its name without what checkpoints put before it.
    pub fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.locate(name).map(|located| &located.info)
    }

    /// Whether a tensor of that name is in the files, readable or not.
    pub fn mentions(&self, name: &str) -> bool {
        self.locate(name).is_some() || self.unreadable_dtype(name).is_some()
    }

    /// The type of a tensor that is there but is not read.
    pub fn unreadable_dtype(&self, name: &str) -> Option<&str> {
        PREFIXES.iter().find_map(|prefix| self.unreadable.get(&format!("{prefix}{name}"))).map(String::as_str)
    }

    /// Checkpoints differ in what they put before the names.
    fn locate(&self, name: &str) -> Option<&Located> {
        PREFIXES.iter().find_map(|prefix| self.tensors.get(&format!("{prefix}{name}")))
    }

    /// A whole tensor as f32, checked against the shape that the model expects.
    pub async fn f32(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        Ok(self.raw(name, shape).await?.widen())
    }

    /// Rows `first .. first + count` of a matrix as f32.
    pub async fn f32_rows(
        &self,
        name: &str,
        shape: &[usize],
        first: usize,
        count: usize,
    ) -> Result<Vec<f32>, WeightsError> {
        Ok(self.raw_rows(name, shape, first, count).await?.widen())
    }

    /// A whole tensor as the file stores it.
    pub async fn raw(&self, name: &str, shape: &[usize]) -> Result<Raw, WeightsError> {
        let located = self.expect(name, shape)?;
        self.read(located, 0, located.info.len).await
    }

    /// Rows `first .. first + count` of a matrix as the file stores them.
    pub async fn raw_rows(&self, name: &str, shape: &[usize], first: usize, count: usize) -> Result<Raw, WeightsError> {
        let located = self.expect(name, shape)?;
        if first.checked_add(count).is_none_or(|end| end > shape[0]) {
            return Err(WeightsError::Tensor {
                tensor: name.to_owned(),
                detail: format!("it has no rows {first}..{}", first.saturating_add(count)),
            });
        }
        // A row is whole blocks: the readers of headers have seen to it. Without rows there is nothing to divide.
        let row = located.info.len / shape[0].max(1) as u64;
        self.read(located, first as u64 * row, count as u64 * row).await
    }

    /// Whether a tensor is there, can be read and has that shape, without reading it.
    pub fn check(&self, name: &str, shape: &[usize]) -> Result<(), WeightsError> {
        self.expect(name, shape).map(drop)
    }

    fn expect(&self, name: &str, shape: &[usize]) -> Result<&Located, WeightsError> {
        let Some(located) = self.locate(name) else {
            return Err(match self.unreadable_dtype(name) {
                Some(dtype) => WeightsError::DType { tensor: name.to_owned(), dtype: dtype.to_owned() },
                None => WeightsError::Tensor {
                    tensor: name.to_owned(),
                    detail: "the file does not hold it; is it a complete checkpoint of this model?".to_owned(),
                },
            });
        };
        if located.info.shape != shape {
            let detail =
                format!("its shape is {:?}, but the model's configuration asks for {shape:?}", located.info.shape);
            return Err(WeightsError::Tensor { tensor: name.to_owned(), detail });
        }
        Ok(located)
    }

    async fn read(&self, located: &Located, from: u64, len: u64) -> Result<Raw, WeightsError> {
        let (info, source) = (&located.info, &self.sources[located.source]);
        if len <= MAX_READ_BYTES as u64 {
            let bytes = source.read(info.offset + from, len as usize).await?;
            return Ok(Raw { dtype: info.dtype, bytes });
        }
        let mut bytes = Vec::with_capacity(len as usize);
        while (bytes.len() as u64) < len {
            let done = bytes.len() as u64;
            let piece = (len - done).min(MAX_READ_BYTES as u64);
            bytes.extend(source.read(info.offset + from + done, piece as usize).await?);
        }
        Ok(Raw { dtype: info.dtype, bytes })
    }
}

/// Numbers as a file stores them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// Their type.
    pub dtype: DType,
    /// Whole blocks of it.
    pub bytes: Vec<u8>,
}

impl Raw {
    /// As f32.
    pub fn widen(&self) -> Vec<f32> {
        let mut values = Vec::with_capacity(self.bytes.len() / self.dtype.block_bytes() * self.dtype.block_len());
        self.dtype.widen(&self.bytes, &mut values);
        values
    }
}

/// The files that an index names. They are names within the folder: an index must not reach out of it.
fn shards(index: &[u8]) -> Result<Vec<String>, WeightsError> {
    let invalid = |detail: String| WeightsError::Invalid { file: INDEX.to_owned(), detail };
    let index: Index = serde_json::from_slice(index).map_err(|e| invalid(e.to_string()))?;
    let mut files: Vec<String> = index.weight_map.into_values().collect();
    files.sort_unstable();
    files.dedup();
    if files.len() > MAX_SHARDS {
        return Err(invalid(format!("it names more than {MAX_SHARDS} files")));
    }
    let plain = |file: &String| {
        file.ends_with(".safetensors")
            && !file.starts_with('.')
            && file.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    match files.iter().find(|file| !plain(file)) {
        Some(file) => Err(invalid(format!("it names \"{file}\", which is no plain file name"))),
        None => Ok(files),
    }
}

//! A checkpoint: named tensors, in one safetensors file, in several under an index, or in GGUF.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::error::WeightsError;
use super::gguf::{GgufHeader, GgufTensor};
use super::raw_tensor::RawTensor;
use super::safetensors::{TensorInfo, read_header};
use super::shards::open_safetensors;
use crate::bytes::{Folder, FolderFile, Source};

/// The most that is read at once.
const MAX_READ_BYTES: usize = 64 << 20;

/// Prefixes that published checkpoints and their conversions put before names such as `layers.0.mlp.up_proj.weight` or
/// `visual.merger.norm.weight`.
const PREFIXES: [&str; 12] = [
    "",
    "model.",
    "model.language_model.",
    "language_model.model.",
    "language_model.",
    "bert.",
    "roberta.",
    "electra.",
    "distilbert.",
    "new.",
    "gte.",
    "deberta.",
];

/// The tensors of a model: their names, types and shapes, and where their bytes are.
///
/// ```
/// use secondpass::bytes::MemoryFolder;
/// use secondpass::weights::Checkpoint;
///
/// let header = br#"{"model.norm.weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}"#;
/// let values = [1.5f32, -2.0].map(f32::to_le_bytes).concat();
/// let file = [&(header.len() as u64).to_le_bytes()[..], header, &values].concat();
/// let folder = MemoryFolder::default().with("model.safetensors", file);
///
/// let checkpoint = pollster::block_on(Checkpoint::open(&folder))?;
/// // The prefix of the published checkpoints is not part of the name.
/// assert_eq!(pollster::block_on(checkpoint.f32("norm.weight", &[2]))?, [1.5, -2.0]);
/// # Ok::<(), secondpass::weights::WeightsError>(())
/// ```
#[derive(Default)]
pub struct Checkpoint {
    sources: Vec<Rc<dyn Source>>,
    tensors: BTreeMap<String, TensorLocation>,
    /// Tensors of unsupported types, with their types, for the error of whoever asks for one.
    unreadable: BTreeMap<String, String>,
}

struct TensorLocation {
    info: TensorInfo,
    source: usize,
}

/// What the oldest checkpoints of BERT call the parameters of a norm.
fn old_norm_name(name: &str) -> Option<String> {
    let (norm, parameter) = name.split_once("LayerNorm.")?;
    let old = match parameter {
        "weight" => "gamma",
        "bias" => "beta",
        _ => return None,
    };
    Some(format!("{norm}LayerNorm.{old}"))
}

impl Checkpoint {
    /// The tensors of GGUF files whose headers were read: all parts of a model, and its vision file. `adapt` gives each
    /// the name, and the shape, that the model's own checkpoints have.
    pub fn from_gguf(
        files: Vec<(Rc<dyn Source>, GgufHeader)>,
        adapt: &dyn Fn(&mut GgufTensor),
    ) -> Result<Self, WeightsError> {
        let mut checkpoint = Self::default();
        for (source, header) in files {
            let at = checkpoint.sources.len();
            for mut tensor in header.tensors {
                adapt(&mut tensor);
                let GgufTensor { name, dtype, shape, offset, len } = tensor;
                match dtype {
                    Ok(dtype) => {
                        let info = TensorInfo { name, dtype, shape, offset, len };
                        checkpoint.insert(&*source, TensorLocation { info, source: at })?;
                    }
                    Err(dtype) => drop(checkpoint.unreadable.insert(name, dtype)),
                }
            }
            checkpoint.sources.push(source);
        }
        Ok(checkpoint)
    }

    /// Opens the safetensors files of a folder, `model.safetensors` or the shards of its index, and reads their headers.
    pub async fn open(folder: &dyn Folder) -> Result<Self, WeightsError> {
        Self::from_safetensors(&open_safetensors(folder).await?).await
    }

    /// Reads the headers of safetensors files.
    pub async fn from_safetensors(files: &[FolderFile]) -> Result<Self, WeightsError> {
        let mut checkpoint = Self::default();
        for file in files {
            // A module's file has names of its own; they are told apart by its folder.
            let prefix = file.name().rsplit_once('/').map(|(folder, _)| format!("{folder}.")).unwrap_or_default();
            checkpoint.add(file.source()?, &prefix).await?;
        }
        Ok(checkpoint)
    }

    async fn add(&mut self, source: Rc<dyn Source>, prefix: &str) -> Result<(), WeightsError> {
        let header = read_header(&*source).await?;
        let at = self.sources.len();
        for mut info in header.tensors {
            info.name.insert_str(0, prefix);
            self.insert(&*source, TensorLocation { info, source: at })?;
        }
        self.unreadable.extend(header.unreadable.into_iter().map(|t| (format!("{prefix}{}", t.name), t.dtype)));
        self.sources.push(source);
        Ok(())
    }

    fn insert(&mut self, source: &dyn Source, located: TensorLocation) -> Result<(), WeightsError> {
        let name = located.info.name.clone();
        if self.tensors.insert(name.clone(), located).is_none() {
            return Ok(());
        }
        let detail = format!("tensor {name} is in another file too");
        Err(WeightsError::invalid(source.name(), detail))
    }

    /// Every tensor of a supported type.
    pub fn tensors(&self) -> impl Iterator<Item = &TensorInfo> {
        self.tensors.values().map(|located| &located.info)
    }

    /// Bytes of all of them together.
    pub fn total_bytes(&self) -> u64 {
        self.tensors().map(|info| info.len).sum()
    }

    /// One tensor, by its name without a checkpoint's prefix.
    pub fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.locate(name).map(|located| &located.info)
    }

    /// Whether a tensor of that name is in the files, supported or not.
    pub fn mentions(&self, name: &str) -> bool {
        self.locate(name).is_some() || self.unreadable_dtype(name).is_some()
    }

    /// The type of a tensor that is there, but in an unsupported type.
    pub fn unreadable_dtype(&self, name: &str) -> Option<&str> {
        PREFIXES.iter().find_map(|prefix| self.unreadable.get(&format!("{prefix}{name}"))).map(String::as_str)
    }

    fn locate(&self, name: &str) -> Option<&TensorLocation> {
        let found = PREFIXES.iter().find_map(|prefix| self.tensors.get(&format!("{prefix}{name}")));
        found.or_else(|| self.locate(&old_norm_name(name)?))
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
    pub async fn raw(&self, name: &str, shape: &[usize]) -> Result<RawTensor, WeightsError> {
        let located = self.tensor_of_shape(name, shape)?;
        self.read(located, 0, located.info.len).await
    }

    /// Rows `first .. first + count` of a matrix as the file stores them.
    pub async fn raw_rows(
        &self,
        name: &str,
        shape: &[usize],
        first: usize,
        count: usize,
    ) -> Result<RawTensor, WeightsError> {
        let located = self.tensor_of_shape(name, shape)?;
        if first.checked_add(count).is_none_or(|end| end > shape[0]) {
            return Err(WeightsError::Tensor {
                tensor: name.to_owned(),
                detail: format!("it has no rows {first}..{}", first.saturating_add(count)),
            });
        }
        // Rows are whole blocks: the readers of headers check it. Without rows there is nothing to divide.
        let row = located.info.len / shape[0].max(1) as u64;
        self.read(located, first as u64 * row, count as u64 * row).await
    }

    /// Whether a tensor is there, of a supported type and of that shape, without reading it.
    pub fn check(&self, name: &str, shape: &[usize]) -> Result<(), WeightsError> {
        self.tensor_of_shape(name, shape).map(drop)
    }

    fn tensor_of_shape(&self, name: &str, shape: &[usize]) -> Result<&TensorLocation, WeightsError> {
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

    async fn read(&self, located: &TensorLocation, from: u64, len: u64) -> Result<RawTensor, WeightsError> {
        let (info, source) = (&located.info, &self.sources[located.source]);
        if len <= MAX_READ_BYTES as u64 {
            let bytes = source.read(info.offset + from, len as usize).await?;
            return Ok(RawTensor { dtype: info.dtype, bytes });
        }
        let mut bytes = Vec::with_capacity(len as usize);
        while (bytes.len() as u64) < len {
            let done = bytes.len() as u64;
            let piece = (len - done).min(MAX_READ_BYTES as u64);
            bytes.extend(source.read(info.offset + from + done, piece as usize).await?);
        }
        Ok(RawTensor { dtype: info.dtype, bytes })
    }
}

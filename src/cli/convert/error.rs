//! Why a model cannot be converted.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::bytes::SourceError;
use crate::engine;
use crate::model::ModelError;
use crate::prompt::PromptError;
use crate::weights::DType;
use crate::weights::WeightsError;
use crate::weights::gguf::MAX_STRING_BYTES;

/// Why `convert` failed.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The model's path is a file, or nothing.
    #[error(
        "{} is not a folder; give the one that holds config.json, tokenizer.json and model.safetensors", .0.display()
    )]
    NotAFolder(PathBuf),
    /// The folder holds no model that can be read.
    #[error("{}: {source}", folder.display())]
    Open {
        /// The folder.
        folder: PathBuf,
        /// What is wrong in it.
        source: OpenError,
    },
    /// A tensor of the model cannot be read or has the wrong shape.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A patch embedding over a number of frames for which GGUF has no tensors.
    #[error("config.json: temporal_patch_size is {frames}; a GGUF file holds exactly {supported} frames")]
    PatchFrames {
        /// Frames of the model.
        frames: usize,
        /// Frames of a GGUF file.
        supported: usize,
    },
    /// A position table that is not square.
    #[error("config.json: num_position_embeddings is {0}; a GGUF file can only hold a square number of them")]
    PositionGrid(usize),
    /// A tensor that llama.cpp does not know.
    #[error("tensor {0} has no name in llama.cpp")]
    UnnamedTensor(String),
    /// A file that the metadata of a GGUF file cannot hold.
    #[error("{0} has more than the {limit} bytes of text that a GGUF file holds", limit = MAX_STRING_BYTES)]
    FileTooLong(String),
    /// A file whose tensors do not fill whole quantization blocks.
    #[error("{file}: the rows of a tensor are not whole blocks of its type")]
    PartialBlocks {
        /// The file.
        file: String,
    },
    /// A split into more files than can be read back.
    #[error("--split-max-size would give {parts} files, and at most {limit} can be read; give a larger size")]
    TooManyParts {
        /// How many it would be.
        parts: usize,
        /// The most that are read.
        limit: usize,
    },
    /// The output folder.
    #[error("the folder {} could not be created: {source}", folder.display())]
    CreateFolder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The output folder.
    #[error("the folder {} could not be read: {source}", folder.display())]
    ReadFolder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A folder has the name of a file that would be written.
    #[error("{} is a folder, and a file of that name would be written; give another --out", .0.display())]
    FolderInTheWay(PathBuf),
    /// A file exists, and `--force` was not given.
    #[error("{} exists already; use --force to replace it", .0.display())]
    FileExists(PathBuf),
    /// A leftover of an interrupted run.
    #[error("{} is left from an interrupted run and could not be removed: {source}; remove it", path.display())]
    RemoveLeftover {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// An output file.
    #[error("{} could not be written: {}", path.display(), describe_write_failure(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The values of a tensor.
    #[error(transparent)]
    Copy(CopyError),
}

impl ConvertError {
    /// A failure to write `path`.
    pub fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.to_owned(), source }
    }
}

impl From<WeightsError> for ConvertError {
    fn from(error: WeightsError) -> Self {
        Self::Model(error.into())
    }
}

fn describe_write_failure(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full; nothing was kept".to_owned(),
        _ => error.to_string(),
    }
}

/// What is wrong in a model's folder.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file is missing or cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The files of weights are not valid.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The configuration, or a missing tensor.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The tokenizer cannot be used.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// Anything else that would keep the model from being loaded.
    #[error(transparent)]
    Engine(Box<engine::Error>),
    /// A configuration that is not text.
    #[error("{0} is not UTF-8")]
    NotUtf8(String),
    /// The configuration is not JSON.
    #[error("config.json: {0}")]
    Json(#[from] serde_json::Error),
    /// A vision model whose vectors go through layers of their own.
    #[error("modules.json: a GGUF file of a vision model has no place for layers behind the pooling; load the folder")]
    VisionModules,
    /// A decoder whose score is read by layers of its own.
    #[error("config.json: no GGUF file has a place for the head of {0}; load the folder")]
    NoAnswers(&'static str),
    /// The tokenizer can be used, but not stored in a GGUF file.
    #[error("tokenizer.json: {0}")]
    Vocab(#[from] VocabError),
    /// The same, of an encoder.
    #[error("tokenizer.json: {0}")]
    PairVocabulary(#[from] PairVocabularyError),
}

/// Why a tokenizer cannot be stored in a GGUF file.
#[derive(Debug, thiserror::Error)]
pub enum VocabError {
    /// It is not JSON of the expected form.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Another kind of tokenizer.
    #[error("it is not a byte-level BPE tokenizer, which every reranker of this kind has")]
    NotByteLevelBpe,
    /// Two tokens with the same id.
    #[error("the tokens {first:?} and {second:?} have the same id, {id}")]
    DuplicateId {
        /// The id.
        id: u32,
        /// One token.
        first: String,
        /// The other.
        second: String,
    },
    /// A token outside of the embedding table.
    #[error(
        "the token {token:?} has the id {id}, but the model's embedding table has {rows} rows; is it another model's?"
    )]
    IdOutOfRange {
        /// The token.
        token: String,
        /// Its id.
        id: u32,
        /// Rows of the table.
        rows: usize,
    },
    /// A merge that does not name two tokens.
    #[error("{0:?} is not a merge of two tokens")]
    Merge(String),
}

/// Why an encoder's tokenizer cannot be stored in a GGUF file.
#[derive(Debug, thiserror::Error)]
pub enum PairVocabularyError {
    /// A kind for which GGUF has no form.
    #[error("its model is {0}; WordPiece, Unigram and BPE are stored in GGUF files")]
    Kind(String),
    /// A part that is not of the expected form.
    #[error("its {0} is not of the form that such a file has")]
    Form(&'static str),
    /// The tokens themselves.
    #[error(transparent)]
    Tokens(#[from] VocabError),
}

/// Why a tensor could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Reading it from the checkpoint.
    #[error(transparent)]
    Read(#[from] WeightsError),
    /// Writing it.
    #[error(transparent)]
    Write(#[from] io::Error),
    /// A value outside of the range of its new type.
    #[error("tensor {tensor} holds {value}, which {} cannot represent; {}", dtype.name(), advise(*value))]
    OutOfRange {
        /// The tensor.
        tensor: String,
        /// Its new type.
        dtype: DType,
        /// The value.
        value: f32,
    },
    /// Rows that are not whole quantization blocks.
    #[error("the rows of tensor {tensor} are not whole blocks of {}", dtype.name())]
    PartialBlocks {
        /// The tensor.
        tensor: String,
        /// Its new type.
        dtype: DType,
    },
}

fn advise(value: f32) -> &'static str {
    match value.is_finite() {
        true => "choose another --type",
        false => "the checkpoint is damaged",
    }
}

impl From<engine::Error> for OpenError {
    fn from(error: engine::Error) -> Self {
        Self::Engine(Box::new(error))
    }
}

//! An encoder to convert: a folder in the layout of Hugging Face.

use std::path::Path;

use serde_json::Value;

use super::super::error::{ConvertError, OpenError};
use super::vocabulary::PairVocabulary;
use crate::bytes::{DirectoryFolder, read_whole};
use crate::engine::{Manifest, ModelLocation, Observer, OpenedModel};
use crate::model::{HeadTensors, ModelConfig, check_complete};
use crate::prompt::{PairLayout, PromptError};
use crate::weights::Checkpoint;
use crate::weights::gguf::{EmbeddedFile, MAX_STRING_BYTES};

const TOKENIZER: &str = "tokenizer.json";
const CONFIG: &str = "config.json";

/// An opened encoder; no tensor has been read.
pub struct EncoderModel {
    /// The name of its folder.
    pub name: String,
    /// Its configuration.
    pub config: ModelConfig,
    /// Its tensors.
    pub checkpoint: Checkpoint,
    /// The files that describe it.
    pub files: Vec<EmbeddedFile>,
    /// Its `config.json`.
    pub json: Value,
    /// One token for each row of the embedding table.
    pub vocabulary: PairVocabulary,
    /// The special tokens around the texts of a pair.
    pub layout: PairLayout,
}

impl EncoderModel {
    /// Opens a folder and finds everything that is wrong with it, except in the values of its tensors.
    pub async fn open(path: &Path, name: String) -> Result<Self, ConvertError> {
        let opened = Self::open_folder(path, name).await;
        opened.map_err(|source| ConvertError::Open { folder: path.to_owned(), source })
    }

    async fn open_folder(path: &Path, name: String) -> Result<Self, OpenError> {
        let folder = DirectoryFolder::new(path);
        let manifest = Manifest::open(&ModelLocation::Folder(&folder)).await?;
        let OpenedModel { config, prompter, checkpoint, .. } = manifest.read(&Observer::silent()).await?;
        check_complete(&checkpoint, &config)?;
        HeadTensors::find(&checkpoint, &config, None)?;
        let files = describing_files(&manifest).await?;
        let json = |file: &str| serde_json::from_str(files.iter().find(|f| f.name == file).map_or("", |f| &f.text));
        let (json, tokenizer) = (json(CONFIG)?, json(TOKENIZER)?);
        let vocabulary = PairVocabulary::new(&tokenizer, config.family(), config.vocab_size())?;
        let layout = prompter.pair_layout().cloned().ok_or(PromptError::NoPairs)?;
        Ok(Self { name, config, checkpoint, files, json, vocabulary, layout })
    }

    /// Values of all its tensors.
    pub fn weights(&self) -> u64 {
        self.checkpoint.tensors().map(|tensor| tensor.shape.iter().product::<usize>() as u64).sum()
    }
}

/// The small files of a folder: all that a model consists of but its weights.
async fn describing_files(manifest: &Manifest) -> Result<Vec<EmbeddedFile>, OpenError> {
    let mut files = Vec::new();
    for file in manifest.files().filter(|file| file.exists() && file.name().ends_with(".json")) {
        // Before the white space in it is left out, a file may be larger than what a GGUF file can hold.
        let bytes = read_whole(&*file.source()?, 4 * MAX_STRING_BYTES).await?;
        let text = String::from_utf8(bytes).map_err(|_| OpenError::NotUtf8(file.name().to_owned()))?;
        files.push(EmbeddedFile { name: file.name().to_owned(), text });
    }
    Ok(files)
}

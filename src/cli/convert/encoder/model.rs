//! An encoder to convert: a folder in the layout of Hugging Face.

use std::path::Path;

use serde_json::Value;

use super::super::describing_files::describing_files;
use super::super::error::{ConvertError, OpenError};
use super::vocabulary::PairVocabulary;
use crate::bytes::DirectoryFolder;
use crate::engine::{Manifest, ModelLocation, Observer, OpenedModel};
use crate::model::{HeadTensors, ModelConfig, Task, check_complete};
use crate::prompt::{PairLayout, PromptError, TextLayout};
use crate::weights::Checkpoint;
use crate::weights::gguf::EmbeddedFile;

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
    /// The special tokens around the texts of a pair, or around the text of an embedding model.
    pub layout: PairLayout,
    /// What it is converted for.
    pub task: Task,
}

impl EncoderModel {
    /// Opens a folder and finds everything that is wrong with it, except in the values of its tensors.
    pub async fn open(path: &Path, name: String, task: Task) -> Result<Self, ConvertError> {
        let opened = Self::open_folder(path, name, task).await;
        opened.map_err(|source| ConvertError::Open { folder: path.to_owned(), source })
    }

    async fn open_folder(path: &Path, name: String, task: Task) -> Result<Self, OpenError> {
        let folder = DirectoryFolder::new(path);
        let manifest = Manifest::open_for(&ModelLocation::Folder(&folder), task).await?;
        let (config, checkpoint, layout) = match task {
            Task::Rerank => {
                let OpenedModel { config, prompter, checkpoint, .. } = manifest.read(&Observer::silent()).await?;
                (config, checkpoint, prompter.pair_layout().cloned().ok_or(PromptError::NoPairs)?)
            }
            Task::Embed => {
                let opened = manifest.read_embedder(None, &Observer::silent()).await?;
                (opened.config, opened.checkpoint, alone(opened.prompter.text_layout()))
            }
        };
        check_complete(&checkpoint, &config)?;
        HeadTensors::find(&checkpoint, &config, None)?;
        let files = describing_files(&manifest).await?;
        let json = |file: &str| serde_json::from_str(files.iter().find(|f| f.name == file).map_or("", |f| &f.text));
        let (json, tokenizer) = (json(CONFIG)?, json(TOKENIZER)?);
        let vocabulary = PairVocabulary::new(&tokenizer, config.family(), config.vocab_size())?;
        Ok(Self { name, config, checkpoint, files, json, vocabulary, layout, task })
    }

    /// Values of all its tensors.
    pub fn weights(&self) -> u64 {
        self.checkpoint.tensors().map(|tensor| tensor.shape.iter().product::<usize>() as u64).sum()
    }
}

/// A text that stands alone, in the form of a pair: what ends it is also what would separate two.
fn alone(TextLayout { before, after }: &TextLayout) -> PairLayout {
    PairLayout { before: before.clone(), between: after.clone(), after: after.clone(), typed: false }
}

//! A decoder to convert: a folder in the layout of Hugging Face.

use std::path::Path;

use serde_json::Value;

use super::describing_files::describing_files;
use super::error::{ConvertError, OpenError};
use super::vocab::GgufVocab;
use crate::bytes::{DirectoryFolder, Folder, read_required, read_whole};
use crate::engine::{Manifest, ModelLocation, Observer, OpenedModel};
use crate::model::{
    AnswerIds, HeadTensors, MAX_CONFIG_BYTES, ModelConfig, PromptKind, Task, TextConfig, check_complete, head_places,
};
use crate::prompt::{TextLayout, Tokenizer};
use crate::weights::gguf::EmbeddedFile;
use crate::weights::{Checkpoint, WeightsError};

/// The `tokenizer.json` of Qwen3 has 11 MB.
const MAX_TOKENIZER_BYTES: u64 = 64 << 20;
/// The `max_position_embeddings` of the published text models.
const DEFAULT_CONTEXT_LENGTH: u32 = 32_768;

/// What a decoder is converted for, and what only that needs.
pub enum Purpose {
    /// To score documents, by the token ids of the answers yes and no.
    Rerank(AnswerIds),
    /// To make vectors.
    Embed {
        /// The special tokens around a text.
        layout: TextLayout,
        /// The files that describe the model. None of one with a vision tower, which the metadata describes whole.
        files: Vec<EmbeddedFile>,
    },
}

/// An opened model; no tensor has been read.
pub struct HuggingFaceModel {
    /// The name of its folder.
    pub name: String,
    /// Its configuration.
    pub config: ModelConfig,
    /// Its decoder's.
    pub text: TextConfig,
    /// `max_position_embeddings`.
    pub context_length: u32,
    /// One token for each row of the embedding table.
    pub vocab: GgufVocab,
    /// What it is converted for.
    pub purpose: Purpose,
    /// Its tensors.
    pub checkpoint: Checkpoint,
}

impl HuggingFaceModel {
    /// Opens a folder and finds everything that is wrong with it, except in the values of its tensors.
    pub async fn open(path: &Path, name: String, task: Task) -> Result<Self, ConvertError> {
        let opened = Self::open_folder(name, &DirectoryFolder::new(path), task).await;
        opened.map_err(|source| ConvertError::Open { folder: path.to_owned(), source })
    }

    async fn open_folder(name: String, folder: &dyn Folder, task: Task) -> Result<Self, OpenError> {
        let json = read_required(folder, "config.json", MAX_CONFIG_BYTES).await?;
        let tokenizer = read_required(folder, "tokenizer.json", MAX_TOKENIZER_BYTES).await?;
        let (config, purpose, checkpoint) = match task {
            Task::Rerank => open_reranker(folder, &json, &tokenizer).await?,
            Task::Embed => open_embedder(folder).await?,
        };
        let json: Value = serde_json::from_slice(&json)?;
        let Some(text) = config.decoder().cloned() else { unreachable!("an encoder is opened as one") };
        let tokenizer_config = read_optional(folder, "tokenizer_config.json").await?;
        let vocab = GgufVocab::new(&tokenizer, tokenizer_config.as_deref(), text.vocab_size)?;
        check_complete(&checkpoint, &config)?;
        Ok(Self { name, context_length: context_length(&json), config, text, vocab, purpose, checkpoint })
    }
}

type OpenedDecoder = (ModelConfig, Purpose, Checkpoint);

async fn open_reranker(folder: &dyn Folder, config: &[u8], tokenizer: &[u8]) -> Result<OpenedDecoder, OpenError> {
    let config = ModelConfig::from_json(config)?;
    let PromptKind::Template(template) = config.family().prompt() else { unreachable!("an encoder is opened as one") };
    let ids = Tokenizer::from_json(tokenizer)?;
    let Some([yes, no]) = template.answers else { return Err(OpenError::NoAnswers(config.family().name())) };
    let answers = AnswerIds { yes: ids.token_id(yes)?, no: ids.token_id(no)? };
    Ok((config, Purpose::Rerank(answers), Checkpoint::open(folder).await?))
}

async fn open_embedder(folder: &dyn Folder) -> Result<OpenedDecoder, OpenError> {
    let manifest = Manifest::open_for(&ModelLocation::Folder(folder), Task::Embed).await?;
    let OpenedModel { config, prompter, checkpoint, .. } = manifest.read_embedder(None, &Observer::silent()).await?;
    // Finds and checks the modules behind the pooling.
    HeadTensors::find(&checkpoint, &config, None)?;
    if config.vision().is_none() {
        let files = describing_files(&manifest).await?;
        return Ok((config, Purpose::Embed { layout: prompter.text_layout().clone(), files }, checkpoint));
    }
    if !head_places(&config).is_empty() {
        return Err(OpenError::VisionModules);
    }
    Ok((config, Purpose::Embed { layout: prompter.text_layout().clone(), files: Vec::new() }, checkpoint))
}

async fn read_optional(folder: &dyn Folder, file: &str) -> Result<Option<Vec<u8>>, WeightsError> {
    match folder.open(file).await? {
        Some(source) => Ok(Some(read_whole(&*source, MAX_TOKENIZER_BYTES).await?)),
        None => Ok(None),
    }
}

fn context_length(config: &Value) -> u32 {
    let text = config.get("text_config").unwrap_or(config);
    let positions = text.get("max_position_embeddings").and_then(Value::as_u64);
    positions.and_then(|n| u32::try_from(n).ok()).unwrap_or(DEFAULT_CONTEXT_LENGTH)
}

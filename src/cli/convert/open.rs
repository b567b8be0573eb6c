//! What is converted: a folder as Hugging Face lays it out.

use std::path::Path;

use serde_json::Value;

use super::tokens::Tokens;
use crate::bytes::{DirectoryFolder, Folder, SourceError, read_required, read_whole};
use crate::model::{Config, Family, MAX_CONFIG_BYTES, ModelError, check_complete};
use crate::prompt::{self, PromptError, Prompter};
use crate::weights::{Checkpoint, WeightsError};

/// A `tokenizer.json` of this family is 11 MB; larger than this is none.
const MAX_TOKENIZER_BYTES: u64 = 64 << 20;
/// What the published configurations of the text models say.
const DEFAULT_CONTEXT: u32 = 32_768;

/// An opened model, of which no tensor was read yet.
pub struct Model {
    /// The name of its folder.
    pub name: String,
    /// Its sizes.
    pub config: Config,
    /// Positions that it was trained with.
    pub context: u32,
    /// Its tokens, one for each row of the table.
    pub tokens: Tokens,
    /// The ids of the two answers.
    pub answers: [u32; 2],
    /// Its tensors.
    pub checkpoint: Checkpoint,
}

#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Weights(#[from] WeightsError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Prompt(#[from] PromptError),
    #[error("tokenizer.json: {0}")]
    Tokens(String),
}

/// Opens a folder. Everything that can be wrong with it but the values of its tensors is found here.
pub async fn open(path: &Path) -> Result<Model, String> {
    if !path.is_dir() {
        return Err(format!(
            "{} is no folder; give the one that holds config.json, tokenizer.json and model.safetensors",
            path.display()
        ));
    }
    let name = path.canonicalize().ok().and_then(|p| p.file_name().map(|n| n.to_string_lossy().into_owned()));
    let name = name.unwrap_or_else(|| "model".to_owned());
    open_folder(name, &DirectoryFolder::new(path)).await.map_err(|e| format!("{}: {e}", path.display()))
}

async fn open_folder(name: String, folder: &dyn Folder) -> Result<Model, OpenError> {
    let json = read_required(folder, "config.json", MAX_CONFIG_BYTES).await?;
    let config = Config::from_json(&json)?;
    let json: Value = serde_json::from_slice(&json).map_err(|e| ModelError::Config(e.to_string()))?;
    let tokenizer = read_required(folder, "tokenizer.json", MAX_TOKENIZER_BYTES).await?;
    let family = match config.family() {
        Family::Qwen3Reranker => prompt::Family::Text,
        Family::Qwen3VlReranker => prompt::Family::Vision,
    };
    let prompter = Prompter::new(&tokenizer, family)?;
    let answers = [prompter.yes_id(), prompter.no_id()];
    let beside = read_optional(folder, "tokenizer_config.json").await?;
    let tokens = Tokens::new(&tokenizer, beside.as_deref(), config.text.vocab_size).map_err(OpenError::Tokens)?;
    let checkpoint = Checkpoint::open(folder).await?;
    check_complete(&checkpoint, &config)?;
    Ok(Model { name, context: context(&json), config, tokens, answers, checkpoint })
}

async fn read_optional(folder: &dyn Folder, file: &str) -> Result<Option<Vec<u8>>, SourceError> {
    match folder.open(file).await? {
        Some(source) => Ok(Some(read_whole(&*source, MAX_TOKENIZER_BYTES).await?)),
        None => Ok(None),
    }
}

fn context(config: &Value) -> u32 {
    let text = config.get("text_config").unwrap_or(config);
    let said = text.get("max_position_embeddings").and_then(Value::as_u64);
    said.and_then(|n| u32::try_from(n).ok()).unwrap_or(DEFAULT_CONTEXT)
}

//! A decoder to convert: a folder in the layout of Hugging Face.

use std::path::Path;

use serde_json::Value;

use super::error::{ConvertError, OpenError};
use super::vocab::GgufVocab;
use crate::bytes::{DirectoryFolder, Folder, read_required, read_whole};
use crate::model::{AnswerIds, MAX_CONFIG_BYTES, ModelConfig, PromptKind, TextConfig, check_complete};
use crate::prompt::Tokenizer;
use crate::weights::Checkpoint;
use crate::weights::WeightsError;

/// The `tokenizer.json` of Qwen3 has 11 MB.
const MAX_TOKENIZER_BYTES: u64 = 64 << 20;
/// The `max_position_embeddings` of the published text models.
const DEFAULT_CONTEXT_LENGTH: u32 = 32_768;

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
    /// Token ids of the answers yes and no.
    pub answers: AnswerIds,
    /// Its tensors.
    pub checkpoint: Checkpoint,
}

impl HuggingFaceModel {
    /// Opens a folder and finds everything that is wrong with it, except in the values of its tensors.
    pub async fn open(path: &Path, name: String) -> Result<Self, ConvertError> {
        let opened = Self::open_folder(name, &DirectoryFolder::new(path)).await;
        opened.map_err(|source| ConvertError::Open { folder: path.to_owned(), source })
    }

    async fn open_folder(name: String, folder: &dyn Folder) -> Result<Self, OpenError> {
        let json = read_required(folder, "config.json", MAX_CONFIG_BYTES).await?;
        let config = ModelConfig::from_json(&json)?;
        let json: Value = serde_json::from_slice(&json)?;
        let tokenizer = read_required(folder, "tokenizer.json", MAX_TOKENIZER_BYTES).await?;
        let family = config.family();
        let (Some(text), PromptKind::Template(template)) = (config.decoder().cloned(), family.prompt()) else {
            unreachable!("an encoder is opened as one");
        };
        let ids = Tokenizer::from_json(&tokenizer)?;
        let Some([yes, no]) = template.answers else { unreachable!("a reranker's template asks for an answer") };
        let answers = AnswerIds { yes: ids.token_id(yes)?, no: ids.token_id(no)? };
        let tokenizer_config = read_optional(folder, "tokenizer_config.json").await?;
        let vocab = GgufVocab::new(&tokenizer, tokenizer_config.as_deref(), text.vocab_size)?;
        let checkpoint = Checkpoint::open(folder).await?;
        check_complete(&checkpoint, &config)?;
        Ok(Self { name, context_length: context_length(&json), config, text, vocab, answers, checkpoint })
    }
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

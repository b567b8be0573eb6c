//! Opens a model: its configuration, its tokenizer, and where its tensors are.

use std::rc::Rc;

use super::error::Error;
use super::manifest::{FolderFiles, Manifest, ManifestLayout};
use super::observer::Observer;
use crate::bytes::{FolderFile, Source, SourceError, read_json};
use crate::model::{ConfigFiles, MAX_CONFIG_BYTES, ModelConfig, PromptKind};
use crate::prompt::{GgufVocabulary, PromptError, Prompter, Tokenizer};
use crate::weights::Checkpoint;
use crate::weights::gguf::{self, GgufHeader, Metadata};

/// The largest `tokenizer.json`; that of this family has 11 MB.
const MAX_TOKENIZER_BYTES: u64 = 64 << 20;

/// All of a model but the values of its tensors.
pub struct OpenedModel {
    /// The model's name.
    pub name: String,
    /// Its configuration.
    pub config: ModelConfig,
    /// Makes its prompts.
    pub prompter: Prompter,
    /// Where its tensors are.
    pub checkpoint: Checkpoint,
}

impl Manifest {
    /// Reads everything but tensors, small files first: what is wrong with them is known before a gigabyte is fetched.
    pub async fn read(&self, observer: &Observer<'_>) -> Result<OpenedModel, Error> {
        match &self.layout {
            ManifestLayout::Folder(files) => {
                let (config, prompter) = read_prompter(files).await?;
                observer.checkpoint().await?;
                let checkpoint = Checkpoint::from_safetensors(&files.weights).await?;
                let config = config.with_tensors(|name| checkpoint.mentions(name));
                Ok(OpenedModel { name: self.name.clone(), config, prompter, checkpoint })
            }
            ManifestLayout::Gguf { text, parts, vision } => {
                self.read_gguf(text, parts, vision.as_ref(), observer).await
            }
        }
    }

    /// The configuration and the prompts, for which a folder need not hold weights.
    pub async fn read_prompter(&self, observer: &Observer<'_>) -> Result<(ModelConfig, Prompter), Error> {
        match &self.layout {
            ManifestLayout::Folder(files) => read_prompter(files).await,
            ManifestLayout::Gguf { .. } => {
                let OpenedModel { config, prompter, .. } = self.read(observer).await?;
                Ok((config, prompter))
            }
        }
    }

    async fn read_gguf(
        &self,
        text: &FolderFile,
        parts: &[FolderFile],
        vision: Option<&FolderFile>,
        observer: &Observer<'_>,
    ) -> Result<OpenedModel, Error> {
        let first = read_header(text).await?;
        observer.checkpoint().await?;
        // Checked first: a file that is not the first part holds no metadata of the model.
        let others = read_parts(text, parts, &first.1.metadata).await?;
        let tower = match vision {
            Some(file) => Some(read_header(file).await?),
            None => None,
        };
        let headers: Vec<&GgufHeader> = others.iter().map(|(_, header)| header).collect();
        let config = ModelConfig::from_gguf(&first.1, &headers, tower.as_ref().map(|(_, header)| header))?;
        let prompter = template_prompter(tokenizer(&first.1.metadata)?, &config)?;
        let files = std::iter::once(first).chain(others).chain(tower).collect();
        let deepstack = config.vision().map_or(&[][..], |v| &v.deepstack_visual_indexes);
        let checkpoint = Checkpoint::from_gguf(files, deepstack)?;
        Ok(OpenedModel { name: self.name.clone(), config, prompter, checkpoint })
    }
}

async fn read_prompter(files: &FolderFiles) -> Result<(ModelConfig, Prompter), Error> {
    let config = read_json(&*files.config.source()?, files.config.name(), MAX_CONFIG_BYTES).await?;
    let description = match &files.encoder {
        Some(encoder) => Some(encoder.read().await?),
        None => None,
    };
    let max_length = description.as_ref().and_then(|description| description.max_length);
    let (modules, sentence_transformers) =
        description.map_or((None, None), |description| (description.modules, description.sentence_transformers));
    let config = ModelConfig::from_files(&ConfigFiles { config, sentence_transformers, modules })?;
    let tokenizer = read_json(&*files.tokenizer.source()?, files.tokenizer.name(), MAX_TOKENIZER_BYTES).await?;
    let prompter = match config.encoder() {
        Some(encoder) => {
            let limit = encoder.max_tokens;
            Prompter::pair(Tokenizer::for_pairs(&tokenizer)?, max_length.unwrap_or(limit), limit)?
        }
        None => template_prompter(Tokenizer::from_json(&tokenizer)?, &config)?,
    };
    Ok((config, prompter))
}

fn template_prompter(tokenizer: Tokenizer, config: &ModelConfig) -> Result<Prompter, Error> {
    match config.family().prompt() {
        PromptKind::Template(template) => Ok(Prompter::new(tokenizer, template)?),
        PromptKind::Pair => unreachable!("only encoders read pairs"),
    }
}

/// The headers of the parts after the first of a model that was split, as the metadata of the first names them.
async fn read_parts(first: &FolderFile, parts: &[FolderFile], metadata: &Metadata) -> Result<Vec<GgufFile>, Error> {
    let names = gguf::other_parts(first.name(), metadata)?;
    let count = names.len() + 1;
    let mut files = Vec::with_capacity(names.len());
    for (i, name) in names.into_iter().enumerate() {
        let Some(part) = parts.iter().find(|part| part.name() == name) else {
            return Err(SourceError::NotFound { file: name }.into());
        };
        let file = read_header(part).await?;
        gguf::check_part(&name, &file.1.metadata, i + 1, count)?;
        files.push(file);
    }
    Ok(files)
}

/// A file and its header.
type GgufFile = (Rc<dyn Source>, GgufHeader);

async fn read_header(file: &FolderFile) -> Result<GgufFile, Error> {
    let source = file.source()?;
    let header = gguf::read_header(&*source).await?;
    Ok((source, header))
}

fn tokenizer(metadata: &Metadata) -> Result<Tokenizer, Error> {
    match (metadata.string("tokenizer.ggml.model"), metadata.string("tokenizer.ggml.pre")) {
        (Some("gpt2"), Some("qwen2") | None) => {}
        (model, pre) => {
            let [model, pre] = [model, pre].map(|name| name.map(str::to_owned));
            return Err(PromptError::UnsupportedTokenizer { model, pre }.into());
        }
    }
    let list = |key: &str| metadata.strings(key).ok_or_else(|| metadata.missing(key));
    let vocabulary = GgufVocabulary {
        tokens: list("tokenizer.ggml.tokens")?,
        token_types: metadata.numbers("tokenizer.ggml.token_type").unwrap_or_default(),
        merges: list("tokenizer.ggml.merges")?,
    };
    Ok(Tokenizer::from_gguf(&vocabulary)?)
}

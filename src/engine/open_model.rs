//! Opens a model: its configuration, its tokenizer, and where its tensors are.

use std::rc::Rc;

use super::description_files::ModelDescription;
use super::error::Error;
use super::manifest::{FolderFiles, Manifest, ManifestLayout};
use super::observer::Observer;
use crate::bytes::{FolderFile, Source, SourceError, read_json};
use crate::model::{
    ConfigFiles, EmbeddingPrompt, HeadModules, MAX_CONFIG_BYTES, ModelConfig, PromptKind, Task, embedding_pooling,
};
use crate::prompt::{GgufVocabulary, PromptError, Prompter, PublishedPrompts, TextPrompt, TextPrompter, Tokenizer};
use crate::weights::Checkpoint;
use crate::weights::gguf::{self, GgufHeader, Metadata};

/// The largest `tokenizer.json`; that of this family has 11 MB.
const MAX_TOKENIZER_BYTES: u64 = 64 << 20;

/// Tokens that a decoder reads of a text of which it makes a vector, as in the scripts published with these models.
const MAX_EMBEDDED_TOKENS: usize = 8192;

/// All of a model but the values of its tensors. `P` makes its prompts.
pub struct OpenedModel<P = Prompter> {
    /// The model's name.
    pub name: String,
    /// Its configuration.
    pub config: ModelConfig,
    /// Makes its prompts.
    pub prompter: P,
    /// Where its tensors are.
    pub checkpoint: Checkpoint,
}

/// A configuration and what prompts are made with.
struct OpenedTexts {
    config: ModelConfig,
    tokenizer: Tokenizer,
    /// The tokens that the model was published with, if its files say so.
    max_length: Option<usize>,
    /// The words before a text that an embedding model was published with.
    prompts: PublishedPrompts,
}

impl OpenedTexts {
    fn prompter(self) -> Result<(ModelConfig, Prompter), Error> {
        let Self { config, tokenizer, max_length, .. } = self;
        let prompter = match (config.encoder(), config.family().prompt()) {
            (Some(encoder), _) => {
                let limit = encoder.max_tokens;
                Prompter::pair(tokenizer, max_length.unwrap_or(limit), limit)?
            }
            (None, PromptKind::Template(template)) => Prompter::new(tokenizer, template)?,
            (None, PromptKind::Pair) => unreachable!("only encoders read pairs"),
        };
        Ok((config, prompter))
    }

    fn text_prompter(self, given: Option<PublishedPrompts>) -> Result<(ModelConfig, TextPrompter), Error> {
        let Self { config, tokenizer, max_length, prompts } = self;
        let published = given.unwrap_or(prompts);
        let prompt = match config.family().spec().embedding {
            Some(EmbeddingPrompt::Instruct { default_task }) => TextPrompt::Instruct { default_task, published },
            Some(EmbeddingPrompt::Template(template)) => TextPrompt::Template(template),
            Some(EmbeddingPrompt::Prefix) | None => TextPrompt::Prefix(published),
        };
        let limit = config.encoder().map_or(MAX_EMBEDDED_TOKENS, |encoder| encoder.max_tokens);
        let prompter = TextPrompter::new(tokenizer, prompt, max_length.unwrap_or(limit), limit)?;
        Ok((config, prompter))
    }
}

impl Manifest {
    /// Reads everything but tensors, small files first: what is wrong with them is known before a gigabyte is fetched.
    pub async fn read(&self, observer: &Observer<'_>) -> Result<OpenedModel, Error> {
        let (texts, checkpoint) = self.read_parts(observer).await?;
        let (config, prompter) = texts.prompter()?;
        Ok(OpenedModel { name: self.name.clone(), config, prompter, checkpoint })
    }

    /// The same for an embedding model. `prompts` are used instead of those in its files.
    pub async fn read_embedder(
        &self,
        prompts: Option<PublishedPrompts>,
        observer: &Observer<'_>,
    ) -> Result<OpenedModel<TextPrompter>, Error> {
        let (texts, checkpoint) = self.read_parts(observer).await?;
        let (config, prompter) = texts.text_prompter(prompts)?;
        Ok(OpenedModel { name: self.name.clone(), config, prompter, checkpoint })
    }

    /// Reads and checks everything but tensors, whatever the task.
    pub async fn check(&self, observer: &Observer<'_>) -> Result<(), Error> {
        match self.task {
            Task::Rerank => self.read(observer).await.map(drop),
            Task::Embed => self.read_embedder(None, observer).await.map(drop),
        }
    }

    /// The configuration and the prompts, for which a folder need not hold weights.
    pub async fn read_prompter(&self, observer: &Observer<'_>) -> Result<(ModelConfig, Prompter), Error> {
        match &self.layout {
            ManifestLayout::Folder(files) => read_texts(files, self.task).await?.prompter(),
            ManifestLayout::Gguf { .. } => {
                let OpenedModel { config, prompter, .. } = self.read(observer).await?;
                Ok((config, prompter))
            }
        }
    }

    async fn read_parts(&self, observer: &Observer<'_>) -> Result<(OpenedTexts, Checkpoint), Error> {
        match &self.layout {
            ManifestLayout::Folder(files) => {
                let mut texts = read_texts(files, self.task).await?;
                observer.checkpoint().await?;
                let checkpoint = Checkpoint::from_safetensors(&files.weights).await?;
                texts.config = texts.config.with_tensors(|name| checkpoint.mentions(name));
                Ok((texts, checkpoint))
            }
            ManifestLayout::Gguf { text, parts, vision } => {
                self.read_gguf(text, parts, vision.as_ref(), observer).await
            }
        }
    }

    async fn read_gguf(
        &self,
        text: &FolderFile,
        parts: &[FolderFile],
        vision: Option<&FolderFile>,
        observer: &Observer<'_>,
    ) -> Result<(OpenedTexts, Checkpoint), Error> {
        let first = read_header(text).await?;
        observer.checkpoint().await?;
        // Checked first: a file that is not the first part holds no metadata of the model.
        let others = read_parts(text, parts, &first.1.metadata).await?;
        let tower = match vision {
            Some(file) => Some(read_header(file).await?),
            None => None,
        };
        let headers: Vec<&GgufHeader> = others.iter().map(|(_, header)| header).collect();
        let mut config = ModelConfig::from_gguf(&first.1, &headers, tower.as_ref().map(|(_, header)| header))?;
        if self.task == Task::Embed {
            let modules = embedding_pooling(&first.1.metadata)?.map(HeadModules::pooled);
            config = config.into_embedder(modules).map_err(|e| e.in_file(first.1.metadata.file()))?;
        }
        let tokenizer = tokenizer(&first.1.metadata)?;
        let texts = OpenedTexts { config, tokenizer, max_length: None, prompts: PublishedPrompts::default() };
        let files = std::iter::once(first).chain(others).chain(tower).collect();
        let deepstack = texts.config.vision().map_or(&[][..], |v| &v.deepstack_visual_indexes);
        let checkpoint = Checkpoint::from_gguf(files, deepstack)?;
        Ok((texts, checkpoint))
    }
}

async fn read_texts(files: &FolderFiles, task: Task) -> Result<OpenedTexts, Error> {
    let config = read_json(&*files.config.source()?, files.config.name(), MAX_CONFIG_BYTES).await?;
    let description = match &files.description {
        Some(files) => files.read(task).await?,
        None => ModelDescription::default(),
    };
    let ModelDescription { sentence_transformers, modules, max_length, prompts } = description;
    let config = ModelConfig::from_files(&ConfigFiles { config, sentence_transformers, modules, task })?;
    let tokenizer = read_json(&*files.tokenizer.source()?, files.tokenizer.name(), MAX_TOKENIZER_BYTES).await?;
    let tokenizer = match config.encoder() {
        Some(_) => Tokenizer::for_pairs(&tokenizer)?,
        None => Tokenizer::from_json(&tokenizer)?,
    };
    Ok(OpenedTexts { config, tokenizer, max_length, prompts })
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
        before: added_token(metadata, "bos"),
        after: added_token(metadata, "eos"),
    };
    Ok(Tokenizer::from_gguf(&vocabulary)?)
}

/// The token that a text begins or ends with, if the file says that one is added.
fn added_token(metadata: &Metadata, name: &str) -> Option<u32> {
    metadata.boolean(&format!("tokenizer.ggml.add_{name}_token")).filter(|added| *added)?;
    let id = metadata.number(&format!("tokenizer.ggml.{name}_token_id"))?;
    u32::try_from(id).ok()
}

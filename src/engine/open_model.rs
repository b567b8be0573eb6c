//! Opens a model: its configuration, its tokenizer, and where its tensors are.

use std::rc::Rc;

use super::description_files::{ModelDescription, read_optional};
use super::error::Error;
use super::gguf_tokenizer::gguf_tokenizer;
use super::manifest::{FolderFiles, Manifest, ManifestLayout};
use super::observer::Observer;
use crate::bytes::{FolderFile, MemoryFolder, Source, SourceError, read_json};
use crate::model::{
    ConfigError, ConfigFiles, EmbeddingPrompt, Family, HeadModules, MAX_CONFIG_BYTES, ModelConfig, PromptKind, Task,
    adapt_encoder_tensor, embedding_pooling, encoder_tensor_names,
};
use crate::prompt::{Prompter, PublishedPrompts, TextPrompt, TextPrompter, Tokenizer};
use crate::weights::gguf::{self, EmbeddedFile, GgufHeader, Metadata};
use crate::weights::{Checkpoint, WeightsError};

/// The largest `tokenizer.json`; that of this family has 11 MB.
const MAX_TOKENIZER_BYTES: u64 = 64 << 20;

/// Tokens that a decoder reads of a text of which it makes a vector, as in the scripts published with these models.
const MAX_EMBEDDED_TOKENS: usize = 8192;

/// Of a file whose pooling gives a vector.
const NO_RERANKER: &str = "it is an embedding model, not a reranker; load it as an embedder";

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
                self.check_bytes(&texts.config)?;
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
        let texts = describe_gguf(&first.1, &headers, tower.as_ref().map(|(_, header)| header), self.task).await?;
        self.check_bytes(&texts.config)?;
        let files = std::iter::once(first).chain(others).chain(tower).collect();
        let checkpoint = open_gguf_tensors(files, &texts.config)?;
        Ok((texts, checkpoint))
    }
}

/// From the files that `secondpass convert` kept in the metadata, or else from the metadata itself.
async fn describe_gguf(
    first: &GgufHeader,
    others: &[&GgufHeader],
    tower: Option<&GgufHeader>,
    task: Task,
) -> Result<OpenedTexts, Error> {
    let file = first.metadata.file();
    let has = |name: &str| {
        let mut tensors = first.tensors.iter().chain(others.iter().flat_map(|part| &part.tensors));
        tensors.any(|tensor| tensor.name == name)
    };
    check_task(&first.metadata, task, has("cls.output.weight"))?;
    let Some(embedded) = gguf::embedded_files(&first.metadata)? else {
        return describe_by_metadata(first, others, tower, task, has);
    };
    if let Some(tower) = tower {
        let message = "a vision file was given, but the model reads text only".to_owned();
        return Err(ConfigError::Unsupported(message).in_file(tower.metadata.file()).into());
    }
    let add = |folder: MemoryFolder, file: EmbeddedFile| folder.with(file.name, file.text.into_bytes());
    let folder = embedded.into_iter().fold(MemoryFolder::default(), add);
    let mut texts = read_texts(&FolderFiles::described_in(&folder, task).await?, task).await?;
    // The files of a decoder are kept for the words before a text. Those of a vision tower are not read.
    let refused = match task {
        _ if texts.config.encoder().is_some() => None,
        Task::Rerank => Some("the config.json in its metadata is no encoder's"),
        Task::Embed => {
            let message =
                "the config.json in its metadata is a vision model's, which the metadata itself has to describe";
            texts.config.vision().map(|_| message)
        }
    };
    if let Some(message) = refused {
        return Err(ConfigError::Invalid(message.to_owned()).in_file(file).into());
    }
    texts.config = texts.config.in_gguf().with_gguf_tensors(has);
    Ok(texts)
}

/// Refuses a file that says that it is for another task.
fn check_task(metadata: &Metadata, task: Task, has_classifier: bool) -> Result<(), Error> {
    let pooling = embedding_pooling(metadata);
    match task {
        Task::Embed => pooling.map(drop).map_err(Error::from),
        Task::Rerank if !has_classifier && matches!(pooling, Ok(Some(_))) => {
            Err(ConfigError::Unsupported(NO_RERANKER.to_owned()).in_file(metadata.file()).into())
        }
        Task::Rerank => Ok(()),
    }
}

fn describe_by_metadata(
    first: &GgufHeader,
    others: &[&GgufHeader],
    tower: Option<&GgufHeader>,
    task: Task,
    has: impl Fn(&str) -> bool,
) -> Result<OpenedTexts, Error> {
    let (metadata, file) = (&first.metadata, first.metadata.file());
    let is_encoder = metadata.string("general.architecture").and_then(Family::from_gguf_architecture);
    if task == Task::Embed && is_encoder.is_some_and(Family::is_encoder) {
        let message =
            "encoders that make embeddings are loaded from their own folder, or from files of `secondpass convert`";
        return Err(ConfigError::Unsupported(message.to_owned()).in_file(file).into());
    }
    let mut config = ModelConfig::from_gguf(first, others, tower)?.with_gguf_tensors(has);
    if task == Task::Embed {
        let modules = embedding_pooling(metadata)?.map(HeadModules::pooled);
        config = config.into_embedder(modules).map_err(|e| e.in_file(file))?;
    }
    let tokenizer = gguf_tokenizer(metadata, &config)?;
    Ok(OpenedTexts { config, tokenizer, max_length: None, prompts: PublishedPrompts::default() })
}

fn open_gguf_tensors(files: Vec<GgufFile>, config: &ModelConfig) -> Result<Checkpoint, WeightsError> {
    if config.encoder().is_some() {
        let names = encoder_tensor_names(config);
        return Checkpoint::from_gguf(files, &|tensor| adapt_encoder_tensor(&names, tensor));
    }
    let deepstack = config.vision().map_or(&[][..], |v| &v.deepstack_visual_indexes);
    Checkpoint::from_gguf(files, &|tensor| tensor.name = gguf::canonical(&tensor.name, deepstack))
}

async fn read_texts(files: &FolderFiles, task: Task) -> Result<OpenedTexts, Error> {
    let config = read_json(&*files.config.source()?, files.config.name(), MAX_CONFIG_BYTES).await?;
    let description = match &files.description {
        Some(files) => files.read(task).await?,
        None => ModelDescription::default(),
    };
    let ModelDescription { sentence_transformers, modules, max_length, prompts } = description;
    let preprocessor = match &files.preprocessor {
        Some(file) => read_optional(file).await?,
        None => None,
    };
    let config = ModelConfig::from_files(&ConfigFiles { config, sentence_transformers, preprocessor, modules, task })?;
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

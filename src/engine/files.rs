//! Which files make up a model, and what is in them besides weights.

use super::error::Error;
use super::observer::Observer;
use crate::bytes::{Folder, Source, WeightsError, read_required};
use crate::model::{MAX_CONFIG_BYTES, ModelConfig};
use crate::prompt::{GgufVocabulary, PromptError, Prompter, Tokenizer};
use crate::weights::Checkpoint;
use crate::weights::gguf::{self, GgufHeader, Metadata};

/// A `tokenizer.json` of this family is 11 MB; larger than this is none.
const MAX_TOKENIZER_BYTES: u64 = 64 << 20;

/// A file within a folder.
#[derive(Clone)]
pub struct FileIn<'a> {
    /// The folder.
    pub folder: &'a dyn Folder,
    /// The file's name in it.
    pub name: String,
}

/// The files of a model.
pub enum ModelFiles<'a> {
    /// A folder with `config.json`, `tokenizer.json` and safetensors, as Hugging Face lays it out.
    Folder(&'a dyn Folder),
    /// GGUF: the text model, the first of its parts if it was split, and the tower of a model that sees.
    Gguf {
        /// The text model.
        text: FileIn<'a>,
        /// The vision tower (`mmproj`).
        vision: Option<FileIn<'a>>,
    },
}

/// All of a model but its tensors, whose places are known.
pub struct Opened {
    /// The model's name.
    pub name: String,
    /// Its sizes.
    pub config: ModelConfig,
    /// What makes its prompts.
    pub prompter: Prompter,
    /// Where its tensors are.
    pub checkpoint: Checkpoint,
}

impl ModelFiles<'_> {
    /// The small parts first: what is wrong with them is known before a gigabyte is fetched.
    pub async fn open(&self, observer: &Observer<'_>) -> Result<Opened, Error> {
        match self {
            Self::Folder(folder) => open_folder(*folder, observer).await,
            Self::Gguf { text, vision } => open_gguf(text, vision.as_ref(), observer).await,
        }
    }
}

/// The sizes and the prompts of a folder, whether it holds weights or not.
pub async fn open_prompter(folder: &dyn Folder) -> Result<(ModelConfig, Prompter), Error> {
    let config = ModelConfig::from_json(&read_required(folder, "config.json", MAX_CONFIG_BYTES).await?)?;
    let tokenizer = read_required(folder, "tokenizer.json", MAX_TOKENIZER_BYTES).await?;
    let prompter = Prompter::new(Tokenizer::from_json(&tokenizer)?, config.family().prompt())?;
    Ok((config, prompter))
}

async fn open_folder(folder: &dyn Folder, observer: &Observer<'_>) -> Result<Opened, Error> {
    let (config, prompter) = open_prompter(folder).await?;
    observer.checkpoint().await?;
    let checkpoint = Checkpoint::open(folder).await?;
    Ok(Opened { name: folder.name().to_owned(), config, prompter, checkpoint })
}

async fn open_gguf(text: &FileIn<'_>, vision: Option<&FileIn<'_>>, observer: &Observer<'_>) -> Result<Opened, Error> {
    let first = open_file(text).await?;
    observer.checkpoint().await?;
    // Before anything else is asked of it: what is not the first part knows nothing of the model.
    let others = open_others(text, &first.1.metadata).await?;
    let tower = match vision {
        Some(file) => Some(open_file(file).await?),
        None => None,
    };
    let headers: Vec<&GgufHeader> = others.iter().map(|(_, header)| header).collect();
    let config = ModelConfig::from_gguf(&first.1, &headers, tower.as_ref().map(|(_, header)| header))?;
    let prompter = Prompter::new(tokenizer(&first.1.metadata)?, config.family().prompt())?;
    let files = std::iter::once(first).chain(others).chain(tower).collect();
    let deepstack = config.vision.as_ref().map_or(&[][..], |v| &v.deepstack_visual_indexes);
    let checkpoint = Checkpoint::from_gguf(files, deepstack)?;
    Ok(Opened { name: text.name.clone(), config, prompter, checkpoint })
}

/// The parts after the first of a file that was split.
async fn open_others(text: &FileIn<'_>, metadata: &Metadata) -> Result<Vec<OpenFile>, Error> {
    let names = gguf::other_parts(&text.name, metadata)?;
    let parts = names.len() + 1;
    let mut files = Vec::with_capacity(names.len());
    for (i, name) in names.into_iter().enumerate() {
        let file = open_file(&FileIn { folder: text.folder, name: name.clone() }).await?;
        gguf::check_part(&name, &file.1.metadata, i + 1, parts)?;
        files.push(file);
    }
    Ok(files)
}

/// A file, and what its header says.
type OpenFile = (Box<dyn Source>, GgufHeader);

async fn open_file(file: &FileIn<'_>) -> Result<OpenFile, Error> {
    let source = file.folder.open(&file.name).await?;
    let source = source.ok_or_else(|| WeightsError::NotFound { file: file.name.clone() })?;
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

//! The files that describe an encoder or an embedding model beside its `config.json`.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use serde::Deserialize;

use super::error::Error;
use crate::bytes::{Folder, FolderFile, SourceError, read_json};
use crate::model::{Family, HeadModules, MAX_CONFIG_BYTES, ModelError, ModuleList, Task};
use crate::prompt::PublishedPrompts;
use crate::weights::{SINGLE_FILE, WeightsError};

const MODULES: &str = "modules.json";

/// Where limits on the tokens of a pair stand, the first that is there wins.
const SENTENCE_BERT: &str = "sentence_bert_config.json";
const TOKENIZER_CONFIG: &str = "tokenizer_config.json";

/// The files that describe an encoder or an embedding model beside its `config.json`. Any of them may be missing.
pub struct DescriptionFiles {
    sentence_transformers: FolderFile,
    sentence_bert: FolderFile,
    tokenizer_config: FolderFile,
    modules: FolderFile,
    /// The list in `modules`, and the configuration of each module that has one. What is wrong with the list is reported
    /// when the model is read.
    listed: Result<Option<(ModuleList, Vec<FolderFile>)>, ModelError>,
    /// The weights of modules that have some.
    pub module_weights: Vec<FolderFile>,
}

/// What the files say.
#[derive(Default)]
pub struct ModelDescription {
    pub sentence_transformers: Option<Vec<u8>>,
    pub modules: Option<HeadModules>,
    /// The tokens of a text or pair that the model was published with.
    pub max_length: Option<usize>,
    /// The words before a text that an embedding model was published with.
    pub prompts: PublishedPrompts,
}

impl DescriptionFiles {
    /// Opens them if the family is an encoder's, or the model is loaded for embeddings.
    pub async fn open(folder: &dyn Folder, family: Option<Family>, task: Task) -> Result<Option<Self>, WeightsError> {
        if task == Task::Rerank && !family.is_some_and(Family::is_encoder) {
            return Ok(None);
        }
        let names = ["config_sentence_transformers.json", SENTENCE_BERT, TOKENIZER_CONFIG, MODULES];
        let mut files = try_join_all(names.map(|name| FolderFile::open(folder, name))).await?.into_iter();
        let mut next = || files.next().expect("as many files as names");
        let (sentence_transformers, sentence_bert, tokenizer_config, modules) = (next(), next(), next(), next());
        let listed = list_modules(&modules).await?;
        let (mut module_weights, mut listed_files) = (Vec::new(), Ok(None));
        match listed {
            Ok(Some(list)) => {
                let at = |path: &str, file: &str| format!("{path}/{file}");
                let weights: Vec<String> = list.weighted().map(|path| at(path, SINGLE_FILE)).collect();
                module_weights = try_join_all(weights.iter().map(|name| FolderFile::open(folder, name))).await?;
                let configs: Vec<String> = list.configured().map(|path| at(path, "config.json")).collect();
                let configs = try_join_all(configs.iter().map(|name| FolderFile::open(folder, name))).await?;
                listed_files = Ok(Some((list, configs)));
            }
            Ok(None) => {}
            Err(error) => listed_files = Err(error),
        }
        let listed = listed_files;
        Ok(Some(Self { sentence_transformers, sentence_bert, tokenizer_config, modules, listed, module_weights }))
    }

    /// Those that exist, but for weights.
    pub fn existing(&self) -> impl Iterator<Item = &FolderFile> {
        let configs = self.listed.iter().flatten().flat_map(|(_, configs)| configs);
        let all = [&self.sentence_transformers, &self.sentence_bert, &self.tokenizer_config, &self.modules];
        all.into_iter().chain(configs).filter(|file| file.exists())
    }

    /// Reads them.
    pub async fn read(&self, task: Task) -> Result<ModelDescription, Error> {
        let modules = match &self.listed {
            Ok(None) => None,
            Ok(Some((list, files))) => {
                let mut configs = Vec::with_capacity(files.len());
                for file in files {
                    configs.push(read_json(&*file.source()?, file.name(), MAX_CONFIG_BYTES).await?);
                }
                HeadModules::new(list, &configs, task).map_err(|e| e.in_file(MODULES))?
            }
            Err(ModelError::Config { file, source }) => {
                return Err(ModelError::Config { file: file.clone(), source: source.clone() }.into());
            }
            Err(error) => unreachable!("a list is a configuration: {error}"),
        };
        // Both are read, though one is enough: only a file that was read is stored, and the next load must find each.
        let mut max_length = None;
        for (file, is_tokenizers) in [(&self.sentence_bert, false), (&self.tokenizer_config, true)] {
            let Some(bytes) = read_optional(file).await? else { continue };
            // A file that is not understood limits nothing: the model's own limit holds.
            let json: LimitsJson = serde_json::from_slice(&bytes).unwrap_or_default();
            let limit = if is_tokenizers { json.model_max_length } else { json.max_seq_length };
            // Tokenizers without a limit store a number of 30 digits.
            let limit = limit.filter(|limit| (1.0..1e9).contains(limit)).map(|limit| limit as usize);
            max_length = max_length.or(limit);
        }
        let sentence_transformers = read_optional(&self.sentence_transformers).await?;
        let prompts = sentence_transformers.as_deref().map(published_prompts).unwrap_or_default();
        Ok(ModelDescription { sentence_transformers, modules, max_length, prompts })
    }
}

#[derive(Default, Deserialize)]
struct PromptsJson {
    #[serde(default)]
    prompts: BTreeMap<String, Option<String>>,
    default_prompt_name: Option<String>,
}

/// The names under which sentence-transformers looks for the prompts of queries and of documents.
const QUERY_PROMPTS: &[&str] = &["query"];
const DOCUMENT_PROMPTS: &[&str] = &["document", "passage", "corpus"];

/// A file that is not understood here is reported where the model's configuration is read.
fn published_prompts(json: &[u8]) -> PublishedPrompts {
    let PromptsJson { prompts, default_prompt_name } = serde_json::from_slice(json).unwrap_or_default();
    let named = |name: &str| prompts.get(name).cloned().flatten();
    PublishedPrompts {
        query: QUERY_PROMPTS.iter().find_map(|name| named(name)),
        document: DOCUMENT_PROMPTS.iter().find_map(|name| named(name)),
        default: default_prompt_name.as_deref().and_then(named),
    }
}

#[derive(Default, Deserialize)]
struct LimitsJson {
    max_seq_length: Option<f64>,
    model_max_length: Option<f64>,
}

async fn list_modules(file: &FolderFile) -> Result<Result<Option<ModuleList>, ModelError>, SourceError> {
    let Some(source) = file.exists().then(|| file.source()).transpose()? else { return Ok(Ok(None)) };
    let json = read_json(&*source, MODULES, MAX_CONFIG_BYTES).await?;
    Ok(ModuleList::from_json(&json).map(Some).map_err(|e| e.in_file(MODULES)))
}

/// The content of a file that may be missing.
pub async fn read_optional(file: &FolderFile) -> Result<Option<Vec<u8>>, SourceError> {
    match file.exists() {
        true => Ok(Some(read_json(&*file.source()?, file.name(), MAX_CONFIG_BYTES).await?)),
        false => Ok(None),
    }
}

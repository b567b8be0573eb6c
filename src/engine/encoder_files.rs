//! The files that describe an encoder beside its `config.json`.

use futures_util::future::try_join_all;
use serde::Deserialize;

use super::error::Error;
use crate::bytes::{Folder, FolderFile, SourceError, read_json};
use crate::model::{ConfigFiles, HeadModules, MAX_CONFIG_BYTES, ModelError, ModuleList};
use crate::weights::{SINGLE_FILE, WeightsError};

const MODULES: &str = "modules.json";

/// Where limits on the tokens of a pair stand, the first that is there wins.
const SENTENCE_BERT: &str = "sentence_bert_config.json";
const TOKENIZER_CONFIG: &str = "tokenizer_config.json";

/// The files that describe an encoder beside its `config.json`. Any of them may be missing.
pub struct EncoderFiles {
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
pub struct EncoderDescription {
    pub sentence_transformers: Option<Vec<u8>>,
    pub modules: Option<HeadModules>,
    /// The tokens of a pair that the model was published with.
    pub max_length: Option<usize>,
}

impl EncoderFiles {
    /// Opens them if `config` is an encoder's.
    pub async fn open(folder: &dyn Folder, config: &FolderFile) -> Result<Option<Self>, WeightsError> {
        if !is_encoder(config).await {
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
    pub async fn read(&self) -> Result<EncoderDescription, Error> {
        let modules = match &self.listed {
            Ok(None) => None,
            Ok(Some((list, files))) => {
                let mut configs = Vec::with_capacity(files.len());
                for file in files {
                    configs.push(read_json(&*file.source()?, file.name(), MAX_CONFIG_BYTES).await?);
                }
                HeadModules::new(list, &configs).map_err(|e| e.in_file(MODULES))?
            }
            Err(ModelError::Config { file, source }) => {
                return Err(ModelError::Config { file: file.clone(), source: source.clone() }.into());
            }
            Err(error) => unreachable!("a list is a configuration: {error}"),
        };
        let max_length = match self.limit(&self.sentence_bert, |json| json.max_seq_length).await? {
            Some(limit) => Some(limit),
            None => self.limit(&self.tokenizer_config, |json| json.model_max_length).await?,
        };
        let sentence_transformers = read_optional(&self.sentence_transformers).await?;
        Ok(EncoderDescription { sentence_transformers, modules, max_length })
    }

    async fn limit(&self, file: &FolderFile, of: impl Fn(&LimitsJson) -> Option<f64>) -> Result<Option<usize>, Error> {
        let Some(bytes) = read_optional(file).await? else { return Ok(None) };
        // A file that is not understood limits nothing: the model's own limit holds.
        let json: LimitsJson = serde_json::from_slice(&bytes).unwrap_or_default();
        // Tokenizers without a limit store a number of 30 digits.
        Ok(of(&json).filter(|limit| (1.0..1e9).contains(limit)).map(|limit| limit as usize))
    }
}

#[derive(Default, Deserialize)]
struct LimitsJson {
    max_seq_length: Option<f64>,
    model_max_length: Option<f64>,
}

/// Whether a `config.json` is an encoder's. What is wrong with the file is reported when the model is read.
async fn is_encoder(config: &FolderFile) -> bool {
    let Ok(source) = config.source() else { return false };
    let Ok(config) = read_json(&*source, config.name(), MAX_CONFIG_BYTES).await else { return false };
    ConfigFiles { config, ..ConfigFiles::default() }.family().is_ok_and(|family| family.is_encoder())
}

async fn list_modules(file: &FolderFile) -> Result<Result<Option<ModuleList>, ModelError>, SourceError> {
    let Some(source) = file.exists().then(|| file.source()).transpose()? else { return Ok(Ok(None)) };
    let json = read_json(&*source, MODULES, MAX_CONFIG_BYTES).await?;
    Ok(ModuleList::from_json(&json).map(Some).map_err(|e| e.in_file(MODULES)))
}

async fn read_optional(file: &FolderFile) -> Result<Option<Vec<u8>>, SourceError> {
    match file.exists() {
        true => Ok(Some(read_json(&*file.source()?, file.name(), MAX_CONFIG_BYTES).await?)),
        false => Ok(None),
    }
}

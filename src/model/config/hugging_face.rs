//! Configurations in the files of a Hugging Face folder.

use serde_json::Value;

use super::encoder_json::encoder;
use super::json::{invalid, text, tied};
use super::model::{ConfigOrigin, ModelConfig};
use super::scoring::ScoreActivation;
use super::vision_json::{apply_preprocessor, vision};
use crate::model::error::{ConfigError, ModelError};
use crate::model::family::{Family, FamilySpec, TrunkKind};
use crate::model::heads::HeadModules;
use crate::model::task::Task;

/// A limit on the size of a `config.json`, which is a few kilobytes.
pub const MAX_CONFIG_BYTES: u64 = 1 << 20;

const FILE: &str = "config.json";

/// How pictures are preprocessed.
pub const PREPROCESSOR: &str = "preprocessor_config.json";

/// The files that describe a model.
#[derive(Debug, Default)]
pub struct ConfigFiles {
    /// `config.json`.
    pub config: Vec<u8>,
    /// `config_sentence_transformers.json`, if there is one.
    pub sentence_transformers: Option<Vec<u8>>,
    /// `preprocessor_config.json`, of a family that reads it.
    pub preprocessor: Option<Vec<u8>>,
    /// The modules of a sentence-transformers model.
    pub modules: Option<HeadModules>,
    /// What the model is loaded for.
    pub task: Task,
}

impl ConfigFiles {
    /// The family that `config.json` names.
    pub fn family(&self) -> Result<Family, ModelError> {
        read_json(&self.config).and_then(|value| family(&value)).map_err(|e| e.in_file(FILE))
    }
}

impl ModelConfig {
    /// Reads and checks the `config.json` of a model without other files that describe it.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ModelError> {
        Self::from_files(&ConfigFiles { config: bytes.to_vec(), ..ConfigFiles::default() })
    }

    /// Reads and checks the files of a folder.
    pub fn from_files(files: &ConfigFiles) -> Result<Self, ModelError> {
        let value = read_json(&files.config).map_err(|e| e.in_file(FILE))?;
        let family = family(&value).map_err(|e| e.in_file(FILE))?;
        match files.task {
            Task::Rerank => Self::reranker_from_files(&value, family, files),
            Task::Embed => Self::embedder_from_files(&value, family, files),
        }
    }

    fn embedder_from_files(value: &Value, family: Family, files: &ConfigFiles) -> Result<Self, ModelError> {
        let config = match family.spec().trunk {
            TrunkKind::Encoder(spec) => {
                let encoder = encoder(value, spec).map_err(|e| e.in_file(FILE))?;
                Self::encoder_from(family, encoder, None, family.spec().activation)
            }
            TrunkKind::Decoder { .. } | TrunkKind::VisionDecoder { .. } => {
                let (text, vision, tied) = decoder(value, family).map_err(|e| e.in_file(FILE))?;
                Self::decoder_from(family, text, vision, tied, &ConfigOrigin { text: FILE, vision: FILE })?
            }
        };
        if is_classifier(value) && files.modules.is_none() {
            let message =
                "it has a classifier, and no modules.json that says how it makes vectors: it is no embedding model";
            return Err(ConfigError::Unsupported(message.to_owned()).in_file(FILE));
        }
        config.into_embedder(files.modules.clone()).map_err(|e| e.in_file(FILE))
    }

    fn reranker_from_files(value: &Value, family: Family, files: &ConfigFiles) -> Result<Self, ModelError> {
        if let TrunkKind::Encoder(spec) = family.spec().trunk {
            check_task(value, files.modules.is_some()).map_err(|e| e.in_file(FILE))?;
            let encoder = encoder(value, spec).map_err(|e| e.in_file(FILE))?;
            let activation = activation(value, files).map_err(|e| e.in_file(FILE))?;
            return Ok(Self::encoder_from(family, encoder, files.modules.clone(), activation));
        }
        check_class(value, family).map_err(|e| e.in_file(FILE))?;
        let (text, mut vision, tied) = decoder(value, family).map_err(|e| e.in_file(FILE))?;
        if let (Some(vision), Some(file)) = (&mut vision, &files.preprocessor) {
            let file = read_json(file).and_then(|file| apply_preprocessor(vision, &file));
            file.map_err(|e| e.in_file(PREPROCESSOR))?;
        }
        let mut config = Self::decoder_from(family, text, vision, tied, &ConfigOrigin { text: FILE, vision: FILE })?;
        if is_classifier(value) {
            config.activation = ScoreActivation::Sigmoid;
        }
        Ok(config)
    }
}

fn read_json(bytes: &[u8]) -> Result<Value, ConfigError> {
    serde_json::from_slice(bytes).map_err(|e| invalid(format!("not valid JSON ({e})")))
}

fn family(value: &Value) -> Result<Family, ConfigError> {
    let Some(model_type) = value.get("model_type").and_then(Value::as_str) else {
        return Err(invalid("it has no model_type; is this the model's folder?".to_owned()));
    };
    let positions = value.get("position_embedding_type").and_then(Value::as_str);
    Family::from_config(model_type, positions).ok_or_else(|| {
        let known: Vec<&str> = Family::ALL.iter().flat_map(|family| family.spec().model_types).copied().collect();
        ConfigError::Unsupported(format!(
            "model_type \"{model_type}\" is not supported; secondpass runs models of the types {}. Its README has a table of models.",
            known.join(", ")
        ))
    })
}

/// Refuses a model of another class than the family's, if both are named: it has another head, and another prompt.
fn check_class(value: &Value, family: Family) -> Result<(), ConfigError> {
    let FamilySpec { class: Some(class), models, .. } = family.spec() else { return Ok(()) };
    let listed = value.get("architectures").and_then(Value::as_array).into_iter().flatten();
    let mapped = value.get("auto_map").and_then(Value::as_object).into_iter().flat_map(|map| map.values());
    let named: Vec<&str> = listed.chain(mapped).filter_map(Value::as_str).collect();
    if named.is_empty() || named.iter().any(|name| name.ends_with(class)) {
        return Ok(());
    }
    let message = format!("it is a {}; of its model_type secondpass runs {models} ({class})", named[0]);
    Err(ConfigError::Unsupported(message))
}

/// Whether the checkpoint has a classifier's head instead of a language model's.
fn is_classifier(value: &Value) -> bool {
    let architecture = value.pointer("/architectures/0").and_then(Value::as_str);
    architecture.is_some_and(|name| name.ends_with("ForSequenceClassification"))
}

/// Refuses encoders that were trained for something else, and says for what.
fn check_task(value: &Value, has_modules: bool) -> Result<(), ConfigError> {
    let architecture = value.pointer("/architectures/0").and_then(Value::as_str).unwrap_or_default();
    let task = match architecture {
        name if name.ends_with("ForMaskedLM") || name.ends_with("ForPreTraining") => "a language model",
        name if name.ends_with("ForTokenClassification") => "a classifier of tokens",
        name if name.ends_with("ForQuestionAnswering") => "a model that finds answers in a text",
        name if name.ends_with("ForMultipleChoice") => "a model that chooses between answers",
        _ => "",
    };
    if !task.is_empty() && !has_modules {
        return Err(ConfigError::Unsupported(format!("{architecture} is {task}, not a reranker")));
    }
    let labels = value.get("id2label").and_then(Value::as_object).map(serde_json::Map::len);
    match labels {
        Some(count) if count > 1 && architecture.ends_with("ForSequenceClassification") => {
            Err(ConfigError::Unsupported(format!("it sorts texts into {count} classes (id2label); a reranker has one")))
        }
        _ => Ok(()),
    }
}

fn activation(value: &Value, files: &ConfigFiles) -> Result<ScoreActivation, ConfigError> {
    let own = files.sentence_transformers.as_deref().map(serde_json::from_slice::<Value>).transpose();
    let own = own.map_err(|e| invalid(format!("config_sentence_transformers.json is not valid JSON ({e})")))?;
    ScoreActivation::from_configs(value, own.as_ref())
}

type DecoderParts = (super::text::TextConfig, Option<super::vision::VisionConfig>, Option<bool>);

fn decoder(value: &Value, family: Family) -> Result<DecoderParts, ConfigError> {
    let Some(tower) = family.tower() else { return Ok((text(value, family)?, None, tied(value))) };
    let part = |name: &str| value.get(name).ok_or_else(|| invalid(format!("it has no {name}")));
    // Qwen2-VL's older files have the decoder's sizes beside everything else.
    let inner = if tower.learned_positions { part("text_config")? } else { value.get("text_config").unwrap_or(value) };
    let vision = vision(part("vision_config")?, tower)?;
    // Transformers reads only the inner flag, and may write an outer one that is true beside a separate head.
    Ok((text(inner, family)?, Some(vision), tied(inner)))
}

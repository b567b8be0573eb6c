//! The modules of a sentence-transformers model that come behind its transformer: pooling, linear maps, norms.

use serde::Deserialize;

use super::layers::{HeadLayerTensors, HeadPlace, dense, norm};
use crate::model::config::Pooling;
use crate::model::error::ConfigError;
use crate::model::family::HeadActivation;
use crate::model::task::Task;
use crate::weights::{Checkpoint, WeightsError};

/// A limit on the number of modules; published models have five.
const MAX_MODULES: usize = 16;

/// Epsilon of torch's layer norm, which the module does not store.
const NORM_EPS: f64 = 1e-5;

/// What a module calls its layer.
const LINEAR: &str = "linear";
const NORM: &str = "norm";

/// The list in `modules.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleList(Vec<ModuleEntry>);

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct ModuleEntry {
    path: String,
    #[serde(rename = "type")]
    class: String,
}

impl ModuleEntry {
    /// The name of the class, without the packages that it is in.
    fn kind(&self) -> &str {
        self.class.rsplit('.').next().unwrap_or_default()
    }
}

impl ModuleList {
    /// From the bytes of `modules.json`. Folders are names within the model's: a list must not reach out of it.
    pub fn from_json(json: &[u8]) -> Result<Self, ConfigError> {
        let invalid = |detail: String| ConfigError::Invalid(format!("modules.json: {detail}"));
        let entries: Vec<ModuleEntry> = serde_json::from_slice(json).map_err(|e| invalid(e.to_string()))?;
        if entries.len() > MAX_MODULES {
            return Err(invalid(format!("it lists more than {MAX_MODULES} modules")));
        }
        let is_plain = |path: &str| path.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        match entries.iter().find(|entry| !is_plain(&entry.path)) {
            Some(entry) => Err(invalid(format!("\"{}\" is no plain folder name", entry.path))),
            None => Ok(Self(entries)),
        }
    }

    /// The folders of modules that have a `config.json` of their own.
    pub fn configured(&self) -> impl Iterator<Item = &str> {
        let own = self.0.iter().filter(|entry| matches!(entry.kind(), "Pooling" | "Dense" | "LayerNorm"));
        own.map(|entry| entry.path.as_str())
    }

    /// The folders of modules that have weights of their own.
    pub fn weighted(&self) -> impl Iterator<Item = &str> {
        let own = self.0.iter().filter(|entry| matches!(entry.kind(), "Dense" | "LayerNorm"));
        own.map(|entry| entry.path.as_str())
    }
}

/// The modules behind the transformer.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadModules {
    /// Which hidden states they read.
    pub pooling: Pooling,
    modules: Vec<HeadModule>,
    /// Whether the vector of an embedding model is scaled to unit length.
    pub normalize: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum HeadModule {
    Dense { path: String, columns: usize, rows: usize, activation: HeadActivation },
    Norm { path: String, width: usize },
}

#[derive(Deserialize)]
struct PoolingJson {
    pooling_mode: Option<String>,
    #[serde(default)]
    pooling_mode_cls_token: bool,
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
    #[serde(default)]
    pooling_mode_lasttoken: bool,
    include_prompt: Option<bool>,
}

#[derive(Deserialize)]
struct DenseJson {
    in_features: usize,
    out_features: usize,
    activation_function: Option<String>,
}

#[derive(Deserialize)]
struct NormJson {
    dimension: usize,
}

impl HeadModules {
    /// Pooling, and vectors of unit length: what an embedding model does whose files list no modules.
    pub fn pooled(pooling: Pooling) -> Self {
        Self { pooling, modules: Vec::new(), normalize: true }
    }

    /// From the list, and the `config.json` of each of [`ModuleList::configured`], in that order. None if the model has a
    /// transformer only, whose own head is then used.
    pub fn new(list: &ModuleList, configs: &[Vec<u8>], task: Task) -> Result<Option<Self>, ConfigError> {
        let mut configs = configs.iter();
        let (mut pooling, mut modules, mut normalize) = (None, Vec::new(), false);
        for entry in &list.0 {
            let path = entry.path.clone();
            let config = match entry.kind() {
                "Transformer" => continue,
                "Pooling" | "Dense" | "LayerNorm" => configs.next().map(Vec::as_slice).unwrap_or_default(),
                "Normalize" if task == Task::Rerank => return Err(embedding_model()),
                "Normalize" => {
                    normalize = true;
                    continue;
                }
                _ if normalize => {
                    let message = "modules.json: a module behind Normalize is not supported";
                    return Err(ConfigError::Unsupported(message.to_owned()));
                }
                other => {
                    return Err(ConfigError::Unsupported(format!("modules.json: a module {other} is not supported")));
                }
            };
            match entry.kind() {
                "Pooling" => pooling = Some(read_pooling(&path, config)?),
                "Dense" => {
                    let DenseJson { in_features, out_features, activation_function } = read(&path, config)?;
                    let activation = activation(activation_function.as_deref().unwrap_or("Tanh"))?;
                    modules.push(HeadModule::Dense { path, columns: in_features, rows: out_features, activation });
                }
                _ => modules.push(HeadModule::Norm { width: read::<NormJson>(&path, config)?.dimension, path }),
            }
        }
        let is_score = matches!(modules.last(), Some(HeadModule::Dense { rows: 1, .. }));
        match (pooling, task) {
            (None, _) if modules.is_empty() => Ok(None),
            (Some(pooling), Task::Rerank) if is_score => Ok(Some(Self { pooling, modules, normalize })),
            (Some(_), Task::Rerank) => Err(embedding_model()),
            (Some(_), Task::Embed) if is_score => Err(reranker()),
            (Some(pooling), Task::Embed) => Ok(Some(Self { pooling, modules, normalize })),
            (None, _) => {
                Err(ConfigError::Unsupported("modules.json: a head without pooling is not supported".to_owned()))
            }
        }
    }

    /// Whether a score comes out, and not a vector.
    pub fn is_score(&self) -> bool {
        matches!(self.modules.last(), Some(HeadModule::Dense { rows: 1, .. }))
    }

    /// How many values come out, of hidden states of `width` values.
    pub fn output_width(&self, width: usize) -> usize {
        let rows = self.modules.iter().rev().find_map(|module| match module {
            HeadModule::Dense { rows, .. } => Some(*rows),
            HeadModule::Norm { .. } => None,
        });
        rows.unwrap_or(width)
    }

    /// Where the layers are in a checkpoint.
    pub fn places(&self) -> Vec<HeadPlace> {
        let of = |module: &HeadModule| match module {
            HeadModule::Dense { path, .. } => HeadPlace { at: format!("{path}.{LINEAR}"), is_norm: false },
            HeadModule::Norm { path, .. } => HeadPlace { at: format!("{path}.{NORM}"), is_norm: true },
        };
        self.modules.iter().map(of).collect()
    }

    /// The layers, found in the checkpoint and checked.
    pub fn find(&self, checkpoint: &Checkpoint, width: usize) -> Result<Vec<HeadLayerTensors>, WeightsError> {
        let mut current = width;
        let mut layers = Vec::with_capacity(self.modules.len());
        for module in &self.modules {
            let (path, expected) = match module {
                HeadModule::Dense { path, columns, .. } => (path, *columns),
                HeadModule::Norm { path, width } => (path, *width),
            };
            if expected != current {
                let detail = format!("it reads {expected} values, but {current} come before it");
                return Err(WeightsError::Tensor { tensor: path.clone(), detail });
            }
            layers.push(match module {
                HeadModule::Dense { path, columns, rows, activation } => {
                    current = *rows;
                    dense(checkpoint, &format!("{path}.{LINEAR}"), [*rows, *columns], *activation)?
                }
                HeadModule::Norm { path, width } => norm(checkpoint, &format!("{path}.{NORM}"), *width, NORM_EPS)?,
            });
        }
        Ok(layers)
    }
}

fn embedding_model() -> ConfigError {
    let message = "its modules (modules.json) end in a vector, not in a score: it is an embedding model, not a reranker; load it as an embedder";
    ConfigError::Unsupported(message.to_owned())
}

fn reranker() -> ConfigError {
    let message = "its modules (modules.json) end in a score: it is a reranker, not an embedding model";
    ConfigError::Unsupported(message.to_owned())
}

fn read<'a, T: Deserialize<'a>>(path: &str, json: &'a [u8]) -> Result<T, ConfigError> {
    serde_json::from_slice(json).map_err(|e| ConfigError::Invalid(format!("{path}/config.json: {e}")))
}

fn read_pooling(path: &str, json: &[u8]) -> Result<Pooling, ConfigError> {
    let json: PoolingJson = read(path, json)?;
    let unsupported =
        |what: &str| Err(ConfigError::Unsupported(format!("{path}/config.json: {what} pooling is not supported")));
    if json.include_prompt == Some(false) {
        return unsupported("that leaves the prompt out (include_prompt false),");
    }
    match (
        json.pooling_mode.as_deref(),
        json.pooling_mode_cls_token,
        json.pooling_mode_mean_tokens,
        json.pooling_mode_lasttoken,
    ) {
        (Some("cls"), ..) | (None, true, false, false) => Ok(Pooling::FirstToken),
        (Some("mean"), ..) | (None, false, true, false) => Ok(Pooling::Mean),
        (Some("lasttoken"), ..) | (None, false, false, true) => Ok(Pooling::LastToken),
        (Some(other), ..) => unsupported(other),
        (None, ..) => unsupported("another kind of"),
    }
}

/// From a dotted path of a torch class.
fn activation(class: &str) -> Result<HeadActivation, ConfigError> {
    match class.rsplit('.').next().unwrap_or_default() {
        "Identity" => Ok(HeadActivation::Identity),
        "Tanh" => Ok(HeadActivation::Tanh),
        "GELU" => Ok(HeadActivation::Gelu),
        "ReLU" => Ok(HeadActivation::Relu),
        "Sigmoid" => Ok(HeadActivation::Sigmoid),
        other => Err(ConfigError::Unsupported(format!("a module's activation is {other}, which is not supported"))),
    }
}

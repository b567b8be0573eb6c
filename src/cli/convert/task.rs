//! What a model is converted for: what was asked, or what its folder says.

use std::path::Path;

use serde_json::Value;

use crate::bytes::DirectoryFolder;
use crate::model::{HeadModules, ModelConfig, ModuleList, Task, head_places};
use crate::weights::Checkpoint;

/// What a model is converted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TaskChoice {
    /// A reranker
    Rerank,
    /// An embedding model
    Embed,
}

impl From<TaskChoice> for Task {
    fn from(choice: TaskChoice) -> Self {
        match choice {
            TaskChoice::Rerank => Self::Rerank,
            TaskChoice::Embed => Self::Embed,
        }
    }
}

/// Vectors if the folder's modules give them, or if it holds a trunk without a head; otherwise scores. What is wrong with its
/// files is reported when the model is read.
pub async fn published_task(folder: &Path) -> Task {
    let (scores, vectors) = (has_modules_for(folder, Task::Rerank), has_modules_for(folder, Task::Embed));
    match (scores, vectors) {
        (true, _) => Task::Rerank,
        (false, true) => Task::Embed,
        (false, false) if is_bare(folder).await => Task::Embed,
        (false, false) => Task::Rerank,
    }
}

fn has_modules_for(folder: &Path, task: Task) -> bool {
    let list = std::fs::read(folder.join("modules.json")).ok().and_then(|json| ModuleList::from_json(&json).ok());
    let Some(list) = list else { return false };
    let configs: Result<Vec<_>, _> =
        list.configured().map(|module| std::fs::read(folder.join(module).join("config.json"))).collect();
    configs.is_ok_and(|configs| HeadModules::new(&list, &configs, task).is_ok_and(|modules| modules.is_some()))
}

/// Whether the class of the checkpoint is one without a head, such as `BertModel`, and the checkpoint holds none. Some
/// rerankers are of such a class.
async fn is_bare(folder: &Path) -> bool {
    let Ok(json) = std::fs::read(folder.join("config.json")) else { return false };
    let value: Value = serde_json::from_slice(&json).unwrap_or_default();
    let class = value.pointer("/architectures/0").and_then(Value::as_str).unwrap_or_default();
    class.ends_with("Model") && !has_head(folder, &json).await
}

/// Of one whose head has layers; others need no tensors of their own.
async fn has_head(folder: &Path, config: &[u8]) -> bool {
    let Ok(checkpoint) = Checkpoint::open(&DirectoryFolder::new(folder)).await else { return false };
    let Ok(config) = ModelConfig::from_json(config) else { return false };
    let config = config.with_tensors(|name| checkpoint.mentions(name));
    head_places(&config).last().is_some_and(|place| checkpoint.mentions(&format!("{}.weight", place.at)))
}

//! The JSON files that describe a model.

use pollster::block_on;
use secondpass::bytes::MemoryFolder;
use secondpass::engine::{Manifest, ModelLocation, Observer, OpenedModel};
use secondpass::model::{ConfigFiles, HeadModules, ModelConfig, ModuleList, Task};
use secondpass::prompt::{InputRole, PromptLimits};

use crate::json_mutation::FILE_MARK;

use super::texts::{HOSTILE_TEXT, side};
use super::{entries, read, read_text, seeds};

pub fn decoder_seeds() -> Vec<Vec<u8>> {
    ["text/tiny-tied", "vl/vl-tied", "vl/jina-m0", "vl/jina-m0-nested"]
        .map(|f| read(&format!("{f}/config.json")))
        .to_vec()
}

pub fn decoder(bytes: &[u8]) -> bool {
    let as_embedder = ConfigFiles { config: bytes.to_vec(), task: Task::Embed, ..ConfigFiles::default() };
    let _ = ModelConfig::from_files(&as_embedder);
    ModelConfig::from_json(bytes).is_ok() || family_is_known(bytes)
}

fn family_is_known(config: &[u8]) -> bool {
    ConfigFiles { config: config.to_vec(), ..ConfigFiles::default() }.family().is_ok()
}

pub fn encoder_seeds() -> Vec<Vec<u8>> {
    let folders = entries("encoder").into_iter().filter(|name| !name.contains("qwen"));
    folders.map(|folder| read(&format!("{folder}/config.json"))).collect()
}

pub fn encoder(bytes: &[u8]) -> bool {
    decoder(bytes)
}

pub fn module_seeds() -> Vec<Vec<u8>> {
    let lists = ["encoder/ettin", "encoder/ettin-old-modules", "embedding/bert-mean", "embedding/distilbert-dense"];
    lists.map(|folder| read(&format!("{folder}/modules.json"))).to_vec()
}

/// The list, and what the modules' own configurations say, of which one is mutated with it.
pub fn modules(bytes: &[u8]) -> bool {
    let Ok(list) = ModuleList::from_json(bytes) else { return false };
    let configs: Vec<Vec<u8>> = list
        .configured()
        .map(|_| br#"{"pooling_mode": "mean", "in_features": 8, "out_features": 1, "dimension": 8}"#.to_vec())
        .collect();
    let paths: Vec<&str> = list.configured().chain(list.weighted()).collect();
    assert!(paths.iter().all(|path| !path.contains(['/', '.', '\\'])), "{paths:?}");
    for task in [Task::Rerank, Task::Embed] {
        let _ = HeadModules::new(&list, &configs, task);
        let _ = HeadModules::new(&list, &vec![bytes.to_vec(); configs.len()], task);
    }
    true
}

/// All describing files of folders, as one text.
pub fn folder_seeds() -> Vec<Vec<u8>> {
    let models = [
        "embedding/bert-plain",
        "embedding/distilbert-dense",
        "embedding/modernbert-cls",
        "encoder/electra",
        "encoder/ettin",
        "encoder/roberta",
        "encoder/qwen3-score",
        "vl/jina-m0",
    ];
    let whole = |model: &str| {
        let (files, modules): (Vec<String>, Vec<String>) =
            entries(model).into_iter().partition(|name| super::fixtures().join(name).is_file());
        let of_modules = modules.iter().flat_map(|module| entries(module));
        let texts =
            files.into_iter().chain(of_modules).filter(|name| name.ends_with(".json") && !name.contains("/cases"));
        let file = |name: String| format!("{FILE_MARK}{}\n{}", &name[model.len() + 1..], read_text(&name));
        texts.map(file).collect::<String>()
    };
    models.iter().map(|model| whole(model).into_bytes()).collect()
}

/// A folder as an engine opens it, for both tasks. What is accepted has prompts within its limit.
pub fn folder(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let mut folder = MemoryFolder::default();
    folder = folder.with("model.safetensors", seeds::safetensors());
    for file in text.split(FILE_MARK) {
        let (name, content) = file.split_once('\n').unwrap_or((file, ""));
        // Any module may have weights.
        let module = name.strip_suffix("/config.json").unwrap_or("2_Dense");
        folder =
            folder.with(format!("{module}/model.safetensors"), seeds::safetensors()).with(name, content.as_bytes());
    }
    let location = ModelLocation::Folder(&folder);
    let reranker = block_on(Manifest::open(&location)).map(|manifest| block_on(manifest.read(&Observer::silent())));
    let embedder = block_on(Manifest::open_for(&location, Task::Embed))
        .map(|manifest| block_on(manifest.read_embedder(None, &Observer::silent())));
    let mut accepted = false;
    if let Ok(Ok(OpenedModel { prompter, .. })) = reranker {
        let limits = PromptLimits { max_length: Some(40), max_tokens_per_doc: Some(10) };
        accepted |= prompter.encode(None, &side("a query"), &side(HOSTILE_TEXT), limits).is_ok();
    }
    if let Ok(Ok(OpenedModel { prompter, .. })) = embedder {
        accepted |= prompter.encode(Some(InputRole::Query), None, &side(HOSTILE_TEXT), None).is_ok();
    }
    accepted
}

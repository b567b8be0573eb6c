//! Files of weights: safetensors, its index, and GGUF with everything that its metadata describes.

use std::rc::Rc;

use pollster::block_on;
use secondpass::bytes::{MemoryFolder, MemorySource};
use secondpass::engine::{FileLocation, Manifest, ModelLocation, Observer, OpenedModel};
use secondpass::model::{ModelConfig, Task};
use secondpass::prompt::{GgufVocabulary, InputRole, PromptLimits, Tokenizer};
use secondpass::weights::Checkpoint;
use secondpass::weights::gguf::{GgufHeader, Metadata, canonical, check_part, other_parts, read_header};

use super::texts::{HOSTILE_TEXT, side};
use super::{Accepts, read, read_text, seeds};

pub fn safetensors(bytes: &[u8]) -> bool {
    let folder = MemoryFolder::default().with("model.safetensors", bytes.to_vec());
    block_on(Checkpoint::open(&folder)).inspect(read_all).is_ok()
}

/// Reads every tensor in the shape that the header declares.
pub fn read_all(checkpoint: &Checkpoint) {
    for tensor in checkpoint.tensors() {
        let _ = block_on(checkpoint.f32(&tensor.name, &tensor.shape));
    }
}

pub fn shard_seeds() -> Vec<Vec<u8>> {
    vec![br#"{"metadata": {"total_size": 10}, "weight_map": {"norm.weight": "model-1.safetensors", "b": "model-1.safetensors"}}"#.to_vec()]
}

/// The index of a folder in which one of its files is.
pub fn shards(bytes: &[u8]) -> bool {
    let folder = MemoryFolder::default()
        .with("model.safetensors.index.json", bytes.to_vec())
        .with("model-1.safetensors", seeds::safetensors());
    block_on(Checkpoint::open(&folder)).is_ok()
}

pub fn text_seeds() -> Vec<Vec<u8>> {
    vec![seeds::text_gguf(), read("gguf/sees.gguf")]
}

fn header(bytes: &[u8]) -> Option<GgufHeader> {
    block_on(read_header(&MemorySource::new("model.gguf", bytes))).ok()
}

pub fn text_model(bytes: &[u8]) -> bool {
    let Some(header) = header(bytes) else { return false };
    let known = ModelConfig::from_gguf(&header, &[], None).is_ok();
    let words = tokenizer(&header.metadata);
    parts(&header.metadata);
    known && words && checkpoint(bytes, header)
}

fn checkpoint(bytes: &[u8], header: GgufHeader) -> bool {
    let source = Rc::new(MemorySource::new("model.gguf", bytes));
    let checkpoint =
        Checkpoint::from_gguf(vec![(source, header)], &|tensor| tensor.name = canonical(&tensor.name, &[0, 2]));
    checkpoint.inspect(read_all).is_ok()
}

fn tokenizer(metadata: &Metadata) -> bool {
    let list = |key: &str| metadata.strings(key).unwrap_or_default();
    let vocabulary = GgufVocabulary {
        tokens: list("tokenizer.ggml.tokens"),
        token_types: metadata.numbers("tokenizer.ggml.token_type").unwrap_or_default(),
        merges: list("tokenizer.ggml.merges"),
        before: None,
        after: None,
    };
    let tokenizer = Tokenizer::from_gguf(&vocabulary);
    tokenizer.is_ok_and(|tokenizer| tokenizer.encode("ab c <|im_end|> \u{e9}\u{301} 🙂").is_ok())
}

fn parts(metadata: &Metadata) {
    let _ = check_part("model-00002-of-00002.gguf", metadata, 1, 2);
    if let Ok(names) = other_parts("model-00001-of-00002.gguf", metadata) {
        assert!(names.iter().all(|name| name.ends_with(".gguf") && !name.contains('/')), "{names:?}");
    }
}

/// The vision file of a text model.
pub fn tower() -> Accepts {
    let text = header(&seeds::text_gguf()).expect("a text model");
    Box::new(move |bytes| {
        let Some(header) = header(bytes) else { return false };
        ModelConfig::from_gguf(&text, &[], Some(&header)).is_ok() && checkpoint(bytes, header)
    })
}

/// One of ours, with its own files in the metadata, and two of other programs.
pub fn encoder_seeds() -> Vec<Vec<u8>> {
    let (config, tokenizer) = (read_text("encoder/bert/config.json"), read_text("encoder/bert/tokenizer.json"));
    let own = [("config.json", config.as_str()), ("tokenizer.json", tokenizer.as_str())];
    let mut seeds = vec![seeds::own_encoder_gguf(&own)];
    seeds.extend(seeds::foreign_encoder_ggufs());
    seeds
}

/// Configuration, tokenizer and the names of tensors of an encoder, as an engine opens them.
pub fn encoder(bytes: &[u8]) -> bool {
    let folder = MemoryFolder::default().with("model.gguf", bytes.to_vec());
    let text = FileLocation { folder: &folder, name: "model.gguf".to_owned() };
    let manifest = block_on(Manifest::open(&ModelLocation::Gguf { text, vision: None }));
    let Ok(opened) = manifest.map(|manifest| block_on(manifest.read(&Observer::silent()))) else {
        return false;
    };
    let Ok(OpenedModel { prompter, checkpoint, .. }) = opened else { return false };
    read_all(&checkpoint);
    prompter.encode(None, &side("a bab"), &side("</s> ab \u{e9}\u{301}"), PromptLimits::default()).is_ok()
}

pub fn embedder_seeds() -> Vec<Vec<u8>> {
    let names = ["config.json", "tokenizer.json", "modules.json", "1_Pooling/config.json", "2_Dense/config.json"];
    let texts = names.map(|name| (name, read_text(&format!("embedding/distilbert-dense/{name}"))));
    let files: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    vec![seeds::own_encoder_gguf(&files)]
}

/// The same for an embedding model.
pub fn embedder(bytes: &[u8]) -> bool {
    let folder = MemoryFolder::default().with("model.gguf", bytes.to_vec());
    let text = FileLocation { folder: &folder, name: "model.gguf".to_owned() };
    let manifest = block_on(Manifest::open_for(&ModelLocation::Gguf { text, vision: None }, Task::Embed));
    let Ok(opened) = manifest.map(|manifest| block_on(manifest.read_embedder(None, &Observer::silent()))) else {
        return false;
    };
    let Ok(OpenedModel { prompter, checkpoint, .. }) = opened else { return false };
    read_all(&checkpoint);
    prompter.encode(Some(InputRole::Query), None, &side(HOSTILE_TEXT), None).is_ok()
}

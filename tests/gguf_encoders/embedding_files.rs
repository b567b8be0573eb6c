//! Embedding models: fixtures, converted or changed, and the vectors that they give.

use std::path::{Path, PathBuf};

use pollster::block_on;
use secondpass::api::EmbeddingValue;
use secondpass::bytes::{DirectoryFolder, MemoryFolder};
use secondpass::engine::{FileLocation, LoadOptions, ModelLocation, TaskInfo};
use secondpass::model::Precision;
use secondpass::{EmbedRequest, EmbedResponse, Embedder, Error, Observer};
use serde_json::Value;

pub fn embedding_fixture(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/embedding").join(model)
}

/// The names of all folders in `tests/fixtures/embedding/`.
pub fn embedding_models() -> Vec<String> {
    let entries = std::fs::read_dir(embedding_fixture("")).expect("fixtures").map(|entry| entry.expect("an entry"));
    let mut models: Vec<String> = entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("a name in UTF-8"))
        .collect();
    models.sort();
    assert!(models.len() > 4, "{models:?}: a clone without files?");
    models
}

pub fn embedder_of(folder: &Path) -> Embedder {
    let options = LoadOptions { precision: Precision::F32, ..LoadOptions::cpu() };
    let loaded = block_on(Embedder::load(&DirectoryFolder::new(folder), options, None, &Observer::silent()));
    loaded.unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
}

/// From a file, and its vision tower.
pub fn embedder_of_files(text: &[u8], tower: Option<&[u8]>, precision: Precision) -> Result<Embedder, Error> {
    let folder = MemoryFolder::default().with("model.gguf", text).with("tower.gguf", tower.unwrap_or_default());
    let file = |name: &str| FileLocation { folder: &folder, name: name.to_owned() };
    let location = ModelLocation::Gguf { text: file("model.gguf"), vision: tower.map(|_| file("tower.gguf")) };
    let options = LoadOptions { precision, ..LoadOptions::cpu() };
    block_on(Embedder::load_from(&location, options, None, &Observer::silent()))
}

/// What an embedder says of such a file that it refuses, and the code.
pub fn no_embedder(bytes: &[u8]) -> (String, &'static str) {
    let error = embedder_of_files(bytes, None, Precision::F32).err().expect("a refusal");
    (error.to_string(), error.code())
}

/// Dimensions, whether vectors have unit length, and the identity.
pub fn task_of(embedder: &Embedder) -> (usize, bool, String) {
    let TaskInfo::Embedder { dimensions, normalized, identity } = &embedder.info().task else { panic!("an embedder") };
    (*dimensions, *normalized, identity.clone())
}

/// The requests of a file of cases.
pub fn requests_in(file: &Path) -> Vec<Value> {
    let file: Value = serde_json::from_slice(&std::fs::read(file).expect("cases")).expect("JSON");
    file["cases"].as_array().expect("a list").iter().map(|case| case["request"].clone()).collect()
}

pub fn answer(embedder: &Embedder, request: &Value) -> EmbedResponse {
    let request = EmbedRequest::from_json(&request.to_string()).expect("a request");
    block_on(embedder.embed(&request, &Observer::silent())).expect("vectors")
}

pub fn floats(response: &EmbedResponse) -> Vec<Vec<f32>> {
    let floats = response.data.iter().map(|item| match &item.embedding {
        EmbeddingValue::Floats(values) => values.clone(),
        other => panic!("{other:?}"),
    });
    floats.collect()
}

/// The vectors of all cases of a fixture, and the tokens that were read for each.
pub fn vectors(embedder: &Embedder, model: &str) -> Vec<(usize, Vec<Vec<f32>>)> {
    let requests = requests_in(&embedding_fixture(model).join("cases.json"));
    assert!(requests.len() > 3, "{model}");
    let of = |request: &Value| {
        let response = answer(embedder, request);
        (response.usage.prompt_tokens, floats(&response))
    };
    requests.iter().map(of).collect()
}

/// The smallest cosine of two vectors in the same place.
pub fn least_cosine(some: &[(usize, Vec<Vec<f32>>)], others: &[(usize, Vec<Vec<f32>>)]) -> f32 {
    let all =
        |list: &[(usize, Vec<Vec<f32>>)]| list.iter().flat_map(|(_, vectors)| vectors.clone()).collect::<Vec<_>>();
    let (some, others) = (all(some), all(others));
    assert_eq!(some.len(), others.len());
    some.iter().zip(&others).map(|(a, b)| cosine(a, b)).fold(1.0, f32::min)
}

pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

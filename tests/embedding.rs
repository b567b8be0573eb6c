//! Embedding models against sentence-transformers: prompts, pooling, modules, unit length, cut dimensions. Fixtures come from
//! `tests/reference/make_embedding_fixtures.py`.

use std::path::{Path, PathBuf};

use pollster::block_on;
use secondpass::api::EmbeddingValue;
use secondpass::bytes::DirectoryFolder;
use secondpass::cli::FilePictures;
use secondpass::media::DecodeOptions;
use secondpass::model::Precision;
use secondpass::prompt::PublishedPrompts;
use secondpass::{EmbedRequest, EmbedResponse, Embedder, Engine, LoadOptions, Observer, RequestOptions, TaskInfo};
use serde_json::{Value, json};

/// Of values of at most 1, in f32 against a reference in f32; 1.3e-6 was seen.
const TOLERANCE: f64 = 1e-5;

/// The same of frames, whose patches may differ from the reference's by a level; 7e-5 was seen.
const VIDEO_TOLERANCE: f64 = 1e-4;

const MODELS: [&str; 7] =
    ["bert-cls", "bert-mean", "bert-plain", "distilbert-dense", "modernbert-cls", "qwen3-last", "xlm-roberta-prompts"];

fn folder(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/embedding").join(model)
}

fn cases(model: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder(model).join("cases.json")).expect("a file")).expect("JSON")
}

fn load_with(model: &str, precision: Precision) -> Embedder {
    let options = LoadOptions { precision, ..LoadOptions::cpu() };
    let loaded = block_on(Embedder::load(&DirectoryFolder::new(folder(model)), options, None, &Observer::silent()));
    loaded.unwrap_or_else(|e| panic!("{model}: {e}"))
}

fn load(model: &str) -> Embedder {
    load_with(model, Precision::F32)
}

fn embed(embedder: &Embedder, request: &Value) -> EmbedResponse {
    let request = EmbedRequest::from_json(&request.to_string()).expect("a request");
    block_on(embedder.embed(&request, &Observer::silent())).expect("vectors")
}

fn vectors(response: &EmbedResponse) -> Vec<Vec<f32>> {
    let floats = response.data.iter().map(|item| match &item.embedding {
        EmbeddingValue::Floats(values) => values.clone(),
        other => panic!("{other:?}"),
    });
    floats.collect()
}

#[test]
fn vectors_match_sentence_transformers() {
    for model in MODELS {
        let (embedder, file) = (load(model), cases(model));
        let TaskInfo::Embedder { dimensions, normalized, .. } = &embedder.info().task else { panic!("{model}") };
        assert_eq!((json!(dimensions), json!(normalized)), (file["dimensions"].clone(), file["normalized"].clone()));
        assert_eq!(embedder.info().pooling, file["pooling"], "{model}");
        for case in file["cases"].as_array().expect("cases") {
            let computed = vectors(&embed(&embedder, &case["request"]));
            let expected: Vec<Vec<f64>> = serde_json::from_value(case["embeddings"].clone()).expect("vectors");
            assert_eq!(computed.len(), expected.len(), "{model}, {}", case["name"]);
            for (computed, expected) in computed.iter().zip(&expected) {
                assert_eq!(computed.len(), expected.len(), "{model}, {}", case["name"]);
                let worst = computed.iter().zip(expected).map(|(&a, b)| (f64::from(a) - b).abs()).fold(0.0, f64::max);
                assert!(worst < TOLERANCE, "{model}, {}: {worst:e}", case["name"]);
            }
        }
    }
}

/// The same weights as the reranker's: what differs is the prompt, and that the last state is the vector.
#[test]
fn vectors_of_pictures_and_videos_match_transformers() {
    for model in ["vl-tied", "vl-untied"] {
        let at = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vl").join(model);
        let options = LoadOptions { precision: Precision::F32, ..LoadOptions::cpu() };
        let embedder = block_on(Embedder::load(&DirectoryFolder::new(&at), options, None, &Observer::silent()));
        let embedder = embedder.unwrap_or_else(|e| panic!("{model}: {e}"));
        let pictures = FilePictures::beside(&at.join("cases.json"), DecodeOptions::default());
        let file: Value =
            serde_json::from_slice(&std::fs::read(at.join("embeddings.json")).expect("a file")).expect("JSON");
        for case in file["cases"].as_array().expect("cases") {
            let request = EmbedRequest::from_json(&case["request"].to_string()).expect("a request");
            let strict = RequestOptions { strict: true };
            let observer = Observer::silent();
            let response = block_on(embedder.embed_with(&request, &pictures, strict, &|_, _| {}, &observer));
            let response = response.unwrap_or_else(|e| panic!("{model}, {}: {e}", case["name"]));
            let expected = case["data"].as_array().expect("data");
            let tokens: u64 = expected.iter().filter_map(|item| item["ids"].as_u64()).sum();
            assert_eq!(response.usage.prompt_tokens as u64, tokens, "{model}, {}", case["name"]);
            for (computed, expected) in vectors(&response).iter().zip(expected) {
                let expected: Vec<f64> = serde_json::from_value(expected["embedding"].clone()).expect("a vector");
                assert_eq!(computed.len(), expected.len(), "{model}, {}", case["name"]);
                let worst = computed.iter().zip(expected).map(|(&a, b)| (f64::from(a) - b).abs()).fold(0.0, f64::max);
                let tolerance = if case["name"] == "video" { VIDEO_TOLERANCE } else { TOLERANCE };
                assert!(worst < tolerance, "{model}, {}: {worst:e}", case["name"]);
            }
        }
    }
}

#[test]
fn eight_bit_weights_keep_the_directions() {
    for model in ["bert-cls", "qwen3-last"] {
        let request = &cases(model)["cases"][1]["request"];
        let (exact, rounded) =
            (vectors(&embed(&load(model), request)), vectors(&embed(&load_with(model, Precision::Q8), request)));
        for (a, b) in exact.iter().zip(&rounded) {
            let cosine: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
            assert!(cosine > 0.98 && a != b, "{model}: {cosine}");
        }
    }
}

#[test]
fn equal_inputs_have_equal_vectors_wherever_they_stand() {
    let embedder = load("bert-mean");
    let alone = vectors(&embed(&embedder, &json!({"input": "red planet"})));
    let input: Vec<&str> =
        (0..40).map(|i| if i % 3 == 0 { "red planet" } else { "another text of some words" }).collect();
    let response = embed(&embedder, &json!({"input": input}));
    assert_eq!(response.data.iter().map(|item| item.index).collect::<Vec<_>>(), (0..40).collect::<Vec<_>>());
    let together = vectors(&response);
    for i in (0..40).step_by(3) {
        let worst = together[i].iter().zip(&alone[0]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-6, "{i}: {worst:e}");
    }
}

#[test]
fn what_is_no_embedding_model_is_refused() {
    let refusal = |folder: PathBuf| {
        let options = LoadOptions::cpu();
        let loaded = block_on(Embedder::load(&DirectoryFolder::new(folder), options, None, &Observer::silent()));
        let error = loaded.err().expect("a refusal");
        (error.code(), error.to_string())
    };
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for (model, says) in [
        ("encoder/bert", "classifier"),
        ("encoder/ettin", "it is a reranker"),
        ("encoder/qwen2-mxbai", "make no embeddings"),
    ] {
        let (code, message) = refusal(fixtures.join(model));
        assert_eq!(code, "unsupported_model", "{model}: {message}");
        assert!(message.contains(says), "{model}: {message}");
    }
    // And the other way round.
    let options = LoadOptions::cpu();
    let loaded = block_on(Engine::load(&DirectoryFolder::new(folder("bert-mean")), options, &Observer::silent()));
    let message = loaded.err().expect("a refusal").to_string();
    assert!(message.contains("load it as an embedder"), "{message}");
}

#[test]
fn wrong_requests_are_explained() {
    let embedder = load("bert-mean");
    for (request, says) in [
        (json!({}), "input must be provided"),
        (json!({"input": []}), "empty list"),
        (json!({"input": [[1, 2]]}), "token ids"),
        (json!({"input": 3}), "a text or a list"),
        (json!({"input": "a", "input_type": "passages"}), "\"query\" or \"document\""),
        (json!({"input": "a", "encoding_format": "float16"}), "one of \"float\""),
        (json!({"input": "a", "dimensions": 49}), "vectors have 48"),
        (json!({"input": {"image": "a.png"}}), "reads text only"),
    ] {
        let answer = EmbedRequest::from_json(&request.to_string())
            .map_err(secondpass::Error::from)
            .and_then(|request| block_on(embedder.embed(&request, &Observer::silent())));
        let error = answer.err().unwrap_or_else(|| panic!("{request} was answered"));
        assert_eq!((error.code(), error.status()), ("invalid_request", 400), "{request}: {error}");
        assert!(error.to_string().contains(says), "{request}: {error}");
    }
}

/// Two models whose vectors an index must not mix, and one that it may.
#[test]
fn an_identity_changes_with_whatever_changes_vectors() {
    let identity = |precision, prompts: Option<PublishedPrompts>| {
        let options = LoadOptions { precision, ..LoadOptions::cpu() };
        let folder = DirectoryFolder::new(folder("bert-cls"));
        let loaded = block_on(Embedder::load(&folder, options, prompts, &Observer::silent())).expect("a model");
        match &loaded.info().task {
            TaskInfo::Embedder { identity, .. } => identity.clone(),
            other => panic!("{other:?}"),
        }
    };
    let usual = identity(Precision::F32, None);
    assert_eq!(usual, identity(Precision::F32, None));
    assert_ne!(usual, identity(Precision::Q8, None));
    let document = Some("passage: ".to_owned());
    assert_ne!(usual, identity(Precision::F32, Some(PublishedPrompts { document, ..PublishedPrompts::default() })));
    // Written into indexes, so no other build, and no browser, may compute another one. The combining accent is one that
    // formatting for programmers would write differently with another version of Unicode.
    let query = Some("reque\u{302}te : \"検索\"\n".to_owned());
    let foreign = identity(Precision::F32, Some(PublishedPrompts { query, ..PublishedPrompts::default() }));
    let none = identity(Precision::F32, Some(PublishedPrompts::default()));
    assert_eq!(
        [usual, foreign, none].map(|id| id.replace("bert-cls-", "")),
        ["a4817883baa8e520", "974d8f24a256f04a", "907650d62318d7f8"]
    );
}

#[test]
fn an_abort_ends_a_request() {
    let embedder = load("bert-mean");
    let request = EmbedRequest::from_json(r#"{"input": ["a", "b"]}"#).expect("a request");
    let aborted = Observer { aborted: &|| true, ..Observer::silent() };
    assert!(block_on(embedder.embed(&request, &aborted)).expect_err("an abort").is_abort());
}

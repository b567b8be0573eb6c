//! Text models against Transformers: token ids, hidden states of every layer, scores. Fixtures come from `tests/reference/`.

use std::path::{Path, PathBuf};

use burn::tensor::Tensor;
use pollster::block_on;
use secondpass::bytes::{DirectoryFolder, FileSource, MemoryFolder, Source};
use secondpass::engine::LoadOptions;
use secondpass::model::{Precision, TokenizedPrompt, TraceStage};
use secondpass::prompt::{PromptInput, PromptLimits, Prompter, QWEN3_RERANKER, Tokenizer};
use secondpass::weights::Checkpoint;
use secondpass::{Engine, Observer, RerankRequest};
use serde_json::Value;

/// Scores are compared in f32 with a reference in f32; only the order of sums differs.
const SCORE_TOLERANCE: f64 = 1e-5;
/// Of the largest value of a stage; 1e-6 was seen.
const HIDDEN_TOLERANCE: f32 = 1e-5;
/// How far 8-bit weights may move a score of these random models.
const Q8_TOLERANCE: f64 = 5e-2;

const MODELS: [&str; 2] = ["tiny-tied", "tiny-untied"];

fn folder(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/text").join(model)
}

fn cases(model: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder(model).join("cases.json")).expect("cases");
    let mut value: Value = serde_json::from_str(&text).expect("JSON");
    serde_json::from_value(value["cases"].take()).expect("a list of cases")
}

fn prompter(tokenizer_json: &[u8]) -> Prompter {
    Prompter::new(Tokenizer::from_json(tokenizer_json).expect("a tokenizer"), &QWEN3_RERANKER).expect("its tokens")
}

fn side(text: &str) -> PromptInput<'_> {
    PromptInput { visuals: &[], text }
}

fn load(model: &str, precision: Precision) -> Engine {
    let options = LoadOptions { precision, ..LoadOptions::cpu() };
    block_on(Engine::load(&DirectoryFolder::new(folder(model)), options, &Observer::silent())).expect("a model")
}

fn largest_difference(engine: &Engine, cases: &[Value]) -> f64 {
    let mut largest = 0.0f64;
    for case in cases {
        let request = RerankRequest::from_json(&case["request"].to_string()).expect("a request");
        let response = block_on(engine.rerank(&request, &Observer::silent())).expect("a response");
        let want: Vec<f64> = serde_json::from_value(case["scores"].clone()).expect("scores");
        assert_eq!(response.results.len(), want.len());
        for result in &response.results {
            largest = largest.max((result.relevance_score - want[result.index]).abs());
        }
    }
    largest
}

#[test]
fn token_ids_match_transformers() {
    for model in MODELS {
        let tokenizer = std::fs::read(folder(model).join("tokenizer.json")).expect("a tokenizer");
        let prompter = prompter(&tokenizer);
        for case in cases(model) {
            let request = RerankRequest::from_json(&case["request"].to_string()).expect("a request");
            for (i, document) in request.documents.iter().enumerate() {
                let want: Vec<u32> = serde_json::from_value(case["ids"][i].clone()).expect("ids");
                let (query, document) = (request.query.joined_text(), document.joined_text());
                let got = prompter
                    .encode(request.instruction.as_deref(), &side(&query), &side(&document), PromptLimits::default())
                    .expect("ids");
                assert_eq!(got.ids, want, "{model}, {}, document {i}", case["name"]);
                assert_eq!(got.dropped_tokens, 0);
            }
        }
    }
}

#[test]
fn scores_match_transformers() {
    for model in MODELS {
        let largest = largest_difference(&load(model, Precision::F32), &cases(model));
        println!("{model}: largest difference {largest:.2e}");
        assert!(largest <= SCORE_TOLERANCE, "{model}: {largest}");
    }
}

#[test]
fn scores_with_8_bit_weights_stay_close() {
    for model in MODELS {
        let largest = largest_difference(&load(model, Precision::Q8), &cases(model));
        println!("{model} in q8_0: largest difference {largest:.2e}");
        assert!(largest > 0.0, "the weights were not quantized");
        assert!(largest <= Q8_TOLERANCE, "{model}: {largest}");
    }
}

fn golden(model: &str) -> Checkpoint {
    let source = FileSource::open(&folder(model).join("golden.safetensors")).expect("readable").expect("there");
    let bytes = block_on(source.read(0, source.len() as usize)).expect("bytes");
    block_on(Checkpoint::open(&MemoryFolder::default().with("model.safetensors", bytes))).expect("a checkpoint")
}

#[test]
fn hidden_states_of_every_layer_match_transformers() {
    for model in MODELS {
        let engine = load(model, Precision::F32);
        let golden = golden(model);
        let width = engine.model().config().hidden_size();
        let count = golden.info("ids").expect("ids").shape[0];
        let ids = block_on(golden.f32("ids", &[count])).expect("ids");
        let ids: Vec<u32> = ids.iter().map(|&id| id as u32).collect();
        let mut compared = 0;
        let mut compare = |stage: TraceStage, tensor: &Tensor<2>| {
            let name = match stage {
                TraceStage::Layer(i) => format!("layer{i}"),
                TraceStage::LastHidden => "last_hidden".to_owned(),
                _ => unreachable!("a text model has no other stage"),
            };
            let want = block_on(golden.f32(&name, &[count, width])).expect("a stage");
            let got = tensor.clone().into_data().try_to_vec::<f32>().expect("f32");
            let largest = got.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let scale = want.iter().map(|v| v.abs()).fold(0.0, f32::max);
            println!("{model}, {name}: largest difference {largest:.2e}, {:.2e} of the largest value", largest / scale);
            assert!(largest <= HIDDEN_TOLERANCE * scale, "{model}, {name}: {largest} of {scale}");
            compared += 1;
        };
        block_on(engine.model().trace(TokenizedPrompt::text(&ids), &mut compare)).expect("a trace");
        assert_eq!(compared, engine.model().config().decoder().expect("a decoder").num_hidden_layers + 1);
    }
}

#[test]
fn a_truncated_document_is_reported_as_a_warning() {
    let engine = load("tiny-tied", Precision::F32);
    let request = RerankRequest::from_json(
        r#"{"query": "q", "documents": ["Mars is red. Mars is large. Mars is far.", "Mars"], "max_tokens_per_doc": 4}"#,
    )
    .expect("a request");
    let response = block_on(engine.rerank(&request, &Observer::silent())).expect("a response");
    assert_eq!(response.meta.warnings.len(), 1);
    assert!(response.meta.warnings[0].starts_with("documents[0]"), "{:?}", response.meta.warnings);
}

#[test]
fn a_query_that_leaves_no_room_for_the_document_is_reported() {
    let engine = load("tiny-tied", Precision::F32);
    let query = "Mars is red. ".repeat(60);
    let body = serde_json::json!({"query": query, "documents": ["Mars", ""], "max_length": 120});
    let request = RerankRequest::from_json(&body.to_string()).expect("a request");
    let response = block_on(engine.rerank(&request, &Observer::silent())).expect("a response");
    // Of the first nothing was read, which no score may hide. The second is empty, and has the score of an empty one.
    let (failed, warnings) = (&response.meta.failed, &response.meta.warnings);
    assert_eq!((failed.len(), failed[0].index, failed[0].code), (1, 0, "invalid_request"));
    assert!(failed[0].message.contains("Shorten the query"), "{}", failed[0].message);
    assert_eq!((response.results.len(), response.results[0].index, warnings.len()), (1, 1, 1), "{warnings:?}");
    let alone = serde_json::json!({"query": query, "documents": ["Mars"], "max_length": 120});
    let request = RerankRequest::from_json(&alone.to_string()).expect("a request");
    let error = block_on(engine.rerank(&request, &Observer::silent())).expect_err("nothing was read");
    assert_eq!((error.code(), error.status()), ("invalid_request", 400));

    let tokenizer = std::fs::read(folder("tiny-tied").join("tokenizer.json")).expect("a tokenizer");
    let prompter = prompter(&tokenizer);
    let document = "one two three four five six";
    let encode = |max_length| {
        let limits = PromptLimits { max_length: Some(max_length), ..PromptLimits::default() };
        prompter.encode(None, &side("q"), &side(document), limits).expect("ids")
    };
    let (whole, without) = (
        encode(8192).ids.len(),
        prompter.encode(None, &side("q"), &side(""), PromptLimits::default()).expect("ids").ids.len(),
    );
    assert_eq!(encode(whole - 1).dropped_before_document, 0);
    let cut = encode(without - 5);
    assert_eq!(cut.dropped_tokens, whole - without + 5);
    assert!((4..=6).contains(&cut.dropped_before_document), "{cut:?}");
}

#[test]
fn truncation_keeps_the_suffix() {
    let tokenizer = std::fs::read(folder("tiny-tied").join("tokenizer.json")).expect("a tokenizer");
    let prompter = prompter(&tokenizer);
    let encode = |max_length| {
        let limits = PromptLimits { max_length: Some(max_length), ..PromptLimits::default() };
        prompter.encode(None, &side("q"), &side("one two three four five six"), limits).expect("ids")
    };
    let whole = encode(8192);
    let cut = encode(whole.ids.len() - 3);
    assert_eq!((cut.ids.len(), cut.dropped_tokens), (whole.ids.len() - 3, 3));
    assert_eq!(cut.ids[cut.ids.len() - 9..], whole.ids[whole.ids.len() - 9..], "the suffix is never cut");
}

#[test]
fn an_aborted_request_returns_the_abort() {
    let engine = load("tiny-tied", Precision::F32);
    let request = RerankRequest::from_json(r#"{"query": "q", "documents": ["a", "b"]}"#).expect("valid");
    let observer = Observer { aborted: &|| true, ..Observer::silent() };
    assert!(block_on(engine.rerank(&request, &observer)).expect_err("an abort").is_abort());
}

#[test]
fn broken_configurations_and_tokenizers_have_error_codes_of_their_own() {
    let read = |file: &str| std::fs::read(folder("tiny-tied").join(file)).expect("a file");
    let load = |config: Vec<u8>, tokenizer: Vec<u8>| {
        let files = MemoryFolder::default()
            .with("config.json", config)
            .with("tokenizer.json", tokenizer)
            .with("model.safetensors", read("model.safetensors"));
        block_on(Engine::load(&files, LoadOptions::cpu(), &Observer::silent())).err().expect("an error").code()
    };
    let with = |key: &str, value: Value| {
        let mut config: Value = serde_json::from_slice(&read("config.json")).expect("JSON");
        config[key] = value;
        config.to_string().into_bytes()
    };
    assert_eq!(load(b"{}".to_vec(), read("tokenizer.json")), "invalid_config");
    assert_eq!(load(with("model_type", "llama".into()), read("tokenizer.json")), "unsupported_model");
    assert_eq!(load(with("head_dim", 0.into()), read("tokenizer.json")), "invalid_config");
    assert_eq!(load(with("hidden_size", 128.into()), read("tokenizer.json")), "missing_tensor");
    assert_eq!(load(read("config.json"), b"{\"model\":".to_vec()), "invalid_tokenizer");
    assert_eq!(load(read("config.json"), b"{}".to_vec()), "invalid_tokenizer");
}

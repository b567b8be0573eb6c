//! Encoders against Transformers and sentence-transformers: token ids, token types, hidden states of every layer, logits,
//! published scores. Fixtures come from `tests/reference/make_encoder_fixtures.py`.

use std::path::{Path, PathBuf};

use burn::tensor::Tensor;
use pollster::block_on;
use secondpass::bytes::{DirectoryFolder, FileSource, MemoryFolder, Source};
use secondpass::engine::{LoadOptions, TaskInfo};
use secondpass::model::{Precision, TokenizedPrompt, TraceStage};
use secondpass::prompt::{PromptInput, PromptLimits};
use secondpass::weights::Checkpoint;
use secondpass::{Engine, Observer, RerankRequest};
use serde_json::Value;

/// Of logits of the order of 1, in f32 against a reference in f32.
const LOGIT_TOLERANCE: f64 = 2e-5;
/// Of the largest value of a stage.
const STAGE_TOLERANCE: f32 = 1e-5;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/encoder")
}

/// Rerankers whose trunk is a decoder.
const DECODERS: [&str; 3] = ["qwen2-mxbai", "qwen2-seq", "qwen3-score"];

const ENCODERS: [&str; 16] = [
    "bert",
    "bert-cased",
    "deberta",
    "deberta-nfc",
    "distilbert",
    "electra",
    "ettin",
    "ettin-old-modules",
    "gte",
    "gte-plain-rope",
    "jina-v1",
    "jina-v2",
    "modernbert-cls",
    "modernbert-mean",
    "roberta",
    "xlm-roberta",
];

fn models() -> impl Iterator<Item = &'static str> {
    ENCODERS.into_iter().chain(DECODERS)
}

/// Cases that compare. The reference matches added tokens that are not special; in a chat model's vocabulary they control
/// it, and no text becomes one here (tests/prompts.rs).
fn cases(model: &str) -> Vec<Value> {
    let mut cases: Vec<Value> = list(&json(model, "cases.json")["cases"]);
    cases.retain(|case| !(DECODERS.contains(&model) && case["literal_specials"] == true));
    assert!(cases.len() > 8, "{model}");
    cases
}

fn json(model: &str, file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(fixtures().join(model).join(file)).expect("a file")).expect("JSON")
}

fn load(model: &str) -> Engine {
    let options = LoadOptions { precision: Precision::F32, ..LoadOptions::cpu() };
    let loaded = block_on(Engine::load(&DirectoryFolder::new(fixtures().join(model)), options, &Observer::silent()));
    loaded.unwrap_or_else(|e| panic!("{model}: {e}"))
}

fn list<T: serde::de::DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).expect("a list")
}

#[test]
fn token_ids_and_types_match_the_reference() {
    for model in models() {
        let engine = load(model);
        for case in cases(model) {
            let request = RerankRequest::from_json(&case["request"].to_string()).expect("a request");
            let limits = PromptLimits { max_length: request.max_length, ..PromptLimits::default() };
            for (i, document) in request.documents.iter().enumerate() {
                let [query, document] = [&request.query, document].map(|side| side.joined_text());
                let side = |text| PromptInput { visuals: &[], text };
                let encoded = engine
                    .prompter()
                    .encode(request.instruction.as_deref(), &side(&query), &side(&document), limits)
                    .expect("ids");
                let place = format!("{model}, {}, document {i}", case["name"]);
                assert_eq!(encoded.ids, list::<u32>(&case["ids"][i]), "{place}");
                if !case["types"].is_null() {
                    let want: Vec<usize> = list(&case["types"][i]);
                    let got: Vec<usize> =
                        (0..encoded.ids.len()).map(|token| usize::from(token >= encoded.second_segment)).collect();
                    assert_eq!(got, want, "{place}");
                }
            }
        }
    }
}

#[test]
fn logits_and_published_scores_match_the_reference() {
    for model in models() {
        let engine = load(model);
        let file = json(model, "cases.json");
        let TaskInfo::Reranker { activation, .. } = &engine.info().task else { panic!("{model}: a reranker") };
        assert_eq!(*activation, file["activation"], "{model}");
        assert_eq!(engine.info().pooling, file["pooling"], "{model}");
        let mut largest = 0.0f64;
        for case in cases(model) {
            let mut body = case["request"].clone();
            body["raw_scores"] = true.into();
            let request = RerankRequest::from_json(&body.to_string()).expect("a request");
            let response = block_on(engine.rerank(&request, &Observer::silent()));
            // The reference scores documents of which it has read nothing; here that is an error.
            if DECODERS.contains(&model) && case["name"] == "cut-query" {
                let error = response.expect_err("a query that fills the prompt").to_string();
                assert!(error.contains("was not read"), "{error}");
                continue;
            }
            let response = response.expect("a response");
            let (logits, scores) = (list::<f64>(&case["logits"]), list::<f64>(&case["scores"]));
            assert_eq!(response.results.len(), logits.len());
            for result in &response.results {
                let difference = (result.logit - logits[result.index]).abs();
                largest = largest.max(difference);
                assert!(difference <= LOGIT_TOLERANCE, "{model}, {}[{}]: {difference}", case["name"], result.index);
                assert!((result.relevance_score - scores[result.index]).abs() <= LOGIT_TOLERANCE, "{model}");
            }
        }
        println!("{model}: largest difference of a logit {largest:.2e}");
    }
}

fn golden(model: &str) -> Checkpoint {
    let source =
        FileSource::open(&fixtures().join(model).join("golden.safetensors")).expect("readable").expect("there");
    let bytes = block_on(source.read(0, source.len() as usize)).expect("bytes");
    block_on(Checkpoint::open(&MemoryFolder::default().with("model.safetensors", bytes))).expect("a checkpoint")
}

#[test]
fn every_stage_matches_the_reference() {
    for model in ENCODERS {
        let engine = load(model);
        let encoder = engine.model().config().encoder().expect("an encoder");
        let golden = golden(model);
        let count = golden.info("ids").expect("ids").shape[0];
        let values = |name: &str, shape: &[usize]| block_on(golden.f32(name, shape)).expect("values");
        let ids: Vec<u32> = values("ids", &[count]).iter().map(|&id| id as u32).collect();
        let types = golden.info("types").map(|_| values("types", &[count]));
        let second_segment = types.and_then(|types| types.iter().position(|&t| t == 1.0)).unwrap_or(count);
        let mut compared = 0;
        let mut compare = |stage: TraceStage, tensor: &Tensor<2>| {
            let name = match stage {
                TraceStage::Embeddings => "embeddings".to_owned(),
                TraceStage::Layer(i) => format!("layer{i}"),
                TraceStage::LastHidden => "last_hidden".to_owned(),
                _ => unreachable!("an encoder has no other stage"),
            };
            let want = values(&name, &tensor.dims());
            let got = tensor.clone().into_data().try_to_vec::<f32>().expect("f32");
            let largest = got.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let scale = want.iter().map(|v| v.abs()).fold(0.0, f32::max);
            println!("{model}, {name}: largest difference {:.2e} of the largest value", largest / scale);
            assert!(largest <= STAGE_TOLERANCE * scale, "{model}, {name}: {largest} of {scale}");
            compared += 1;
        };
        let prompt = TokenizedPrompt { ids: &ids, second_segment, visuals: &[] };
        block_on(engine.model().trace(prompt, &mut compare)).expect("a trace");
        assert_eq!(compared, encoder.layers.len() + 2, "{model}");
    }
}

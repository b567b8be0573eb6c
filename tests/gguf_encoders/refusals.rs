//! What `convert` refuses, and hostile metadata in files that look like its own.

use std::path::Path;

use secondpass::weights::DType;
use secondpass::weights::gguf::Field;
use serde_json::{Value, json};

use super::files::{GgufFile, NAMES, Scratch, TEXTS, change, convert, copy_folder, fixture, load_bytes, refused, run};

fn ours(model: &str) -> GgufFile {
    GgufFile::read(&convert(model, DType::F32))
}

/// With one of its own files changed.
fn with_file(model: &str, name: &str, change: impl FnOnce(&str) -> String) -> GgufFile {
    let file = ours(model);
    let (Some(Field::Strings(names)), Some(Field::Strings(texts))) = (file.get(NAMES), file.get(TEXTS)) else {
        panic!("two lists")
    };
    let (names, mut texts) = (names.clone(), texts.clone());
    let at = names.iter().position(|n| n == name).expect("the file");
    texts[at] = change(&texts[at]);
    file.with(TEXTS, Field::Strings(texts))
}

fn edited(text: &str, key: &str, value: Value) -> String {
    let mut json: Value = serde_json::from_str(text).expect("JSON");
    json[key] = value;
    json.to_string()
}

#[test]
fn hostile_metadata_is_an_error() {
    let said = |file: GgufFile, part: &str, code: &str| {
        let (message, got) = refused(&file.write());
        assert!(message.contains(part), "{message}");
        assert_eq!(got, code, "{message}");
    };
    said(ours("bert").with(NAMES, Field::U32(1)), "is no list of texts", "invalid_weights");
    said(ours("bert").with(TEXTS, Field::I32s(vec![1, 2])), "is no list of texts", "invalid_weights");
    said(ours("bert").with(NAMES, Field::Strings(vec!["config.json".to_owned()])), "names 1 files", "invalid_weights");
    let many = Field::Strings(vec!["x".to_owned(); 100]);
    said(ours("bert").with(NAMES, many.clone()).with(TEXTS, many), "up to 64", "invalid_weights");
    let texts = |list: &[&str]| Field::Strings(list.iter().map(|text| (*text).to_owned()).collect());
    let without_files = ours("bert").with(NAMES, texts(&[])).with(TEXTS, texts(&[]));
    said(without_files, "config.json was not found", "not_found");
    let outside = ours("bert").with(NAMES, texts(&["../../config.json"])).with(TEXTS, texts(&["{}"]));
    said(outside, "config.json was not found", "not_found");
    said(with_file("bert", "config.json", |_| "{".to_owned()), "not valid JSON", "invalid_config");
    said(with_file("bert", "tokenizer.json", |_| "[]".to_owned()), "tokenizer", "invalid_tokenizer");
    let sizes = |key: &'static str, value: Value| with_file("bert", "config.json", |text| edited(text, key, value));
    said(sizes("hidden_size", json!(1u64 << 40)), "hidden_size", "invalid_config");
    said(sizes("num_hidden_layers", json!(1_000_000)), "num_hidden_layers", "invalid_config");
    said(sizes("num_hidden_layers", json!(9)), "encoder.layer.3", "missing_tensor");
    said(sizes("max_position_embeddings", json!(65)), "embeddings.position_embeddings.weight", "missing_tensor");
    said(sizes("model_type", json!("qwen3")), "num_key_value_heads", "invalid_config");
    said(
        with_file("ettin", "modules.json", |_| r#"[{"path": "../x", "type": "Dense"}]"#.to_owned()),
        "../x",
        "invalid_config",
    );
    let decoder = std::fs::read_to_string(fixture("qwen3-score").join("config.json")).expect("a configuration");
    let tokenizer = std::fs::read_to_string(fixture("qwen3-score").join("tokenizer.json")).expect("a tokenizer");
    let disguised =
        ours("bert").with(NAMES, texts(&["config.json", "tokenizer.json"])).with(TEXTS, texts(&[&decoder, &tokenizer]));
    said(disguised, "is no encoder's", "invalid_config");
    for (key, part) in [("block_count", "block_count"), ("attention.layer_norm_epsilon", "epsilon")] {
        let key = format!("bert.{key}");
        let file = ours("xlm-roberta").foreign().with(&key, Field::String("3".to_owned()));
        said(file, part, "invalid_weights");
    }
    let foreign = || ours("xlm-roberta").foreign();
    said(foreign().with("bert.block_count", Field::U32(u32::MAX)), "num_hidden_layers", "invalid_config");
    said(foreign().with("bert.attention.head_count", Field::U32(0)), "num_attention_heads", "invalid_config");
    said(foreign().with("tokenizer.ggml.bos_token_id", Field::U32(u32::MAX)), "special token", "invalid_tokenizer");
    said(foreign().with("tokenizer.ggml.unknown_token_id", Field::U32(90_000)), "tokenizer", "invalid_tokenizer");
    said(foreign().with("tokenizer.ggml.scores", Field::F32s(vec![0.5])), "one score for each", "invalid_tokenizer");
    said(foreign().with("tokenizer.ggml.tokens", Field::U32(1)), "tokens", "invalid_weights");
    said(
        foreign().with("tokenizer.ggml.precompiled_charsmap", Field::U8s(vec![9; 7])),
        "tokenizer",
        "invalid_tokenizer",
    );
    let activation = |field| ours("qwen2-seq").with("secondpass.activation", field);
    said(activation(Field::String("softmax".to_owned())), "secondpass.activation is softmax", "unsupported_model");
    said(activation(Field::U32(1)), "secondpass.activation is no text", "unsupported_model");
}

#[test]
fn a_vision_file_beside_an_encoder_is_refused() {
    use pollster::block_on;
    use secondpass::bytes::MemoryFolder;
    use secondpass::engine::{FileLocation, LoadOptions, ModelLocation};
    use secondpass::{Engine, Observer};

    let tower =
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gguf/mmproj.gguf")).expect("a tower");
    let folder = MemoryFolder::default().with("m.gguf", convert("bert", DType::F32)).with("tower.gguf", tower);
    let file = |name: &str| FileLocation { folder: &folder, name: name.to_owned() };
    let location = ModelLocation::Gguf { text: file("m.gguf"), vision: Some(file("tower.gguf")) };
    let error =
        block_on(Engine::load_from(&location, LoadOptions::cpu(), &Observer::silent())).err().expect("a refusal");
    assert!(error.to_string().contains("tower.gguf") && error.code() == "unsupported_model", "{error}");
}

/// A copy of a fixture that a test may modify.
fn copy_of(model: &str, scratch: &Scratch) -> std::path::PathBuf {
    let folder = scratch.0.join(model);
    copy_folder(&fixture(model), &folder);
    folder
}

#[test]
fn folders_that_would_not_run_are_not_converted() {
    let scratch = Scratch::new("wrong");
    let out = scratch.0.join("out");
    let wrong = |model: &str, edit: &dyn Fn(&Path), parts: &[&str]| {
        let folder = copy_of(model, &scratch);
        edit(&folder);
        let output = run(&folder, DType::Q8_0, &out, &[]);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        assert_eq!(message.trim_end().lines().count(), 1, "{message}");
        assert!(!out.exists(), "no output folder was created");
        std::fs::remove_dir_all(folder).expect("removed");
    };
    let remove = |file: &'static str| move |folder: &Path| std::fs::remove_file(folder.join(file)).expect("removed");
    wrong("bert", &remove("tokenizer.json"), &["tokenizer.json was not found"]);
    wrong("bert", &remove("model.safetensors"), &["model.safetensors was not found"]);
    wrong("ettin", &remove("4_Dense/model.safetensors"), &["4_Dense"]);
    let config = |key: &'static str, value: Value| {
        move |folder: &Path| change(folder, "config.json", |c| c[key] = value.clone())
    };
    wrong("bert", &config("architectures", json!(["BertForMaskedLM"])), &["a language model, not a reranker"]);
    wrong("bert", &config("num_hidden_layers", json!(9)), &["encoder.layer.3", "more"]);
    wrong("bert", &config("vocab_size", json!(400)), &["bert"]);
    wrong("bert", &config("id2label", json!({"0": "a", "1": "b"})), &["2 classes"]);
    let tokenizer = |edit: fn(&mut Value)| move |folder: &Path| change(folder, "tokenizer.json", edit);
    let word_level =
        tokenizer(|t| t["model"] = json!({"type": "WordLevel", "vocab": {"[UNK]": 1, "a": 5}, "unk_token": "[UNK]"}));
    wrong("bert", &word_level, &["tokenizer.json", "WordLevel"]);
    wrong("bert", &tokenizer(|t| t["post_processor"] = Value::Null), &["does not join two texts"]);
    wrong("bert", &tokenizer(|t| t["model"]["vocab"]["zebra"] = json!(9999)), &["zebra", "9999", "463 rows"]);
}

#[test]
fn a_tokenizer_longer_than_a_text_of_the_format_is_refused() {
    let scratch = Scratch::new("long");
    let folder = copy_of("bert", &scratch);
    change(&folder, "tokenizer.json", |tokenizer| {
        let vocabulary = tokenizer["model"]["vocab"].as_object_mut().expect("a vocabulary");
        let (token, id) =
            vocabulary.iter().next_back().map(|(token, id)| (token.clone(), id.clone())).expect("a token");
        vocabulary.remove(&token);
        vocabulary.insert("x".repeat(17 << 20), id);
    });
    let output = run(&folder, DType::F16, &scratch.0.join("out"), &[]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("tokenizer.json has more than the 16777216 bytes"), "{message}");
    // White space does not count: it is not kept.
    let spaced = std::fs::read_to_string(fixture("bert").join("tokenizer.json")).expect("a tokenizer");
    std::fs::write(folder.join("tokenizer.json"), spaced.replacen('{', &format!("{{{}", " ".repeat(17 << 20)), 1))
        .expect("written");
    let output = run(&folder, DType::F16, &scratch.0.join("out"), &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = std::fs::read(scratch.0.join("out/bert-F16.gguf")).expect("the file");
    assert!(bytes.len() < 1 << 20 && load_bytes(&bytes).is_ok());
}

//! Embedding models through `secondpass convert`, and files that are for the other task.

use std::path::Path;
use std::process::Command;

use pollster::block_on;
use secondpass::bytes::DirectoryFolder;
use secondpass::cli::FilePictures;
use secondpass::engine::{FileLocation, LoadOptions, ModelLocation};
use secondpass::media::DecodeOptions;
use secondpass::model::Precision;
use secondpass::weights::DType;
use secondpass::weights::gguf::Field;
use secondpass::{EmbedRequest, Embedder, Observer, RequestOptions};
use serde_json::{Value, json};

use super::embedding_files::{
    answer, cosine, embedder_of, embedder_of_files, embedding_fixture, embedding_models, floats, least_cosine,
    no_embedder, requests_in, task_of, vectors,
};
use super::files::{
    GgufFile, NAMES, Scratch, TEXTS, change, convert, convert_folder, copy_folder, fixture, models, refused, run,
};

fn converted(model: &str, dtype: DType) -> Vec<u8> {
    convert_folder(&embedding_fixture(model), dtype)
}

/// How far a vector may turn. The random models are a few dozen wide and turn far more than trained ones; these are twice what
/// was seen.
fn least(dtype: DType) -> f32 {
    match dtype {
        DType::F16 => 0.99999,
        DType::Q8_0 => 0.997,
        _ => 0.6,
    }
}

#[test]
fn in_f32_a_converted_embedding_model_is_the_same_model() {
    for model in &embedding_models() {
        let original = embedder_of(&embedding_fixture(model));
        let converted = embedder_of_files(&converted(model, DType::F32), None, Precision::F32).expect(model);
        let (ours, theirs) = (converted.info(), original.info());
        assert_eq!((ours.family, ours.pooling), (theirs.family, theirs.pooling), "{model}");
        let ((dimensions, unit, _), (wanted, unit_wanted, _)) = (task_of(&converted), task_of(&original));
        assert_eq!((dimensions, unit), (wanted, unit_wanted), "{model}");
        assert!(ours.warnings.is_empty(), "{model}: {:?}", ours.warnings);
        assert_eq!(vectors(&converted, model), vectors(&original, model), "{model}: to the last bit");
    }
}

#[test]
fn smaller_types_turn_vectors_within_their_rounding() {
    for model in &embedding_models() {
        let want = vectors(&embedder_of(&embedding_fixture(model)), model);
        for dtype in [DType::F16, DType::Q8_0, DType::Q4_0] {
            let embedder = embedder_of_files(&converted(model, dtype), None, Precision::Auto).expect(model);
            let got = vectors(&embedder, model);
            let cosine = least_cosine(&got, &want);
            println!("{model} in {}: least cosine {cosine}", dtype.name());
            assert!(cosine >= least(dtype), "{model} in {}: {cosine}", dtype.name());
        }
    }
}

#[test]
fn files_say_their_pooling_and_have_names_of_llama_cpp_only_where_it_is_right() {
    for (model, architecture, pooling) in [
        ("bert-cls", "bert", 2),
        ("bert-mean", "bert", 1),
        // Its letters keep their case.
        ("bert-plain", "secondpass-bert", 1),
        // A layer is behind its pooling.
        ("distilbert-dense", "secondpass-distilbert", 1),
        ("modernbert-cls", "modern-bert", 2),
        ("qwen3-last", "qwen3", 3),
        ("xlm-roberta-prompts", "bert", 1),
    ] {
        let file = GgufFile::read(&converted(model, DType::Q8_0));
        assert_eq!(file.get("general.architecture"), Some(&Field::String(architecture.to_owned())), "{model}");
        assert_eq!(file.get(&format!("{architecture}.pooling_type")), Some(&Field::U32(pooling)), "{model}");
        assert!(!file.fields.iter().any(|(key, _)| key.contains("classifier")), "{model}");
        assert!(!file.tensors.iter().any(|(tensor, _)| tensor.name.starts_with("cls")), "{model}");
        assert_eq!(file.tensors[0].0.name, "token_embd.weight", "{model}");
    }
    let file = GgufFile::read(&converted("distilbert-dense", DType::Q8_0));
    let layers: Vec<_> = file.tensors.iter().filter(|(tensor, _)| tensor.name.starts_with("head.")).collect();
    let names: Vec<_> = layers.iter().map(|(tensor, _)| (tensor.name.as_str(), tensor.dtype)).collect();
    assert_eq!(names, [("head.0.weight", DType::F32), ("head.0.bias", DType::F32)]);
    // As the tokenizer of Qwen3-Embedding ends a text.
    let file = GgufFile::read(&converted("qwen3-last", DType::Q8_0));
    let Some(Field::Strings(tokens)) = file.get("tokenizer.ggml.tokens") else { panic!("tokens") };
    let Some(Field::U32(last)) = file.get("tokenizer.ggml.eos_token_id") else { panic!("a token") };
    assert_eq!(tokens[*last as usize], "<|endoftext|>");
    let flag = |name: &str| file.get(&format!("tokenizer.ggml.add_{name}_token")).cloned();
    assert_eq!((flag("eos"), flag("bos")), (Some(Field::Bool(true)), Some(Field::Bool(false))));
}

#[test]
fn an_identity_belongs_to_a_file() {
    let identity = |bytes: &[u8], precision| task_of(&embedder_of_files(bytes, None, precision).expect("a model")).2;
    let (exact, small) = (converted("bert-cls", DType::F32), converted("bert-cls", DType::Q8_0));
    let usual = identity(&small, Precision::Auto);
    assert_eq!(usual, identity(&converted("bert-cls", DType::Q8_0), Precision::Auto), "converted twice, loaded twice");
    assert!(usual.starts_with("model.gguf-"), "{usual}");
    assert_ne!(usual, identity(&exact, Precision::Auto), "other vectors");
    assert_ne!(usual, identity(&small, Precision::F32), "other products");
    // Written into indexes, so no other build, and no browser, may compute another one.
    assert_eq!(usual, "model.gguf-80a215d8f185e29e");
}

#[test]
fn a_split_embedding_model_gives_the_same_vectors() {
    for model in ["bert-mean", "qwen3-last"] {
        let out = Scratch::new(&format!("split-{model}"));
        let output = run(&embedding_fixture(model), DType::F32, &out.0, &["--split-max-size", "120000"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut names: Vec<_> =
            std::fs::read_dir(&out.0).expect("the folder").flatten().map(|e| e.file_name()).collect();
        names.sort();
        assert!(names.len() > 2, "{names:?}");
        let folder = DirectoryFolder::new(&out.0);
        let text = FileLocation { folder: &folder, name: names[0].to_string_lossy().into_owned() };
        let (location, options) = (
            ModelLocation::Gguf { text, vision: None },
            LoadOptions { precision: Precision::F32, ..LoadOptions::cpu() },
        );
        let split = block_on(Embedder::load_from(&location, options, None, &Observer::silent())).expect("a model");
        assert_eq!(vectors(&split, model), vectors(&embedder_of(&embedding_fixture(model)), model));
    }
}

#[test]
fn the_words_before_a_text_travel_in_the_file() {
    let scratch = Scratch::new("words");
    for model in ["bert-mean", "qwen3-last"] {
        let folder = scratch.0.join(model);
        copy_folder(&embedding_fixture(model), &folder);
        let prompts = json!({"query": "look for: ", "document": "a page: "});
        change(&folder, "config_sentence_transformers.json", |file| file["prompts"] = prompts);
        let with_words = embedder_of_files(&convert_folder(&folder, DType::F32), None, Precision::F32).expect(model);
        let ours = vectors(&with_words, model);
        assert_eq!(ours, vectors(&embedder_of(&folder), model), "{model}");
        assert_ne!(ours, vectors(&embedder_of(&embedding_fixture(model)), model), "{model}: the words matter");
    }
}

/// A file of weights with the layer of a module.
fn dense_weights(shape: [usize; 2]) -> Vec<u8> {
    let [rows, columns] = shape;
    let (weight, bias) = (rows * columns * 4, rows * 4);
    let header = json!({
        "linear.weight": {"dtype": "F32", "shape": shape, "data_offsets": [0, weight]},
        "linear.bias": {"dtype": "F32", "shape": [rows], "data_offsets": [weight, weight + bias]},
    });
    let header = header.to_string();
    let values = (0..rows * columns + rows).flat_map(|i| (((i * 37 % 101) as f32 - 50.0) / 64.0).to_le_bytes());
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &values.collect::<Vec<u8>>()].concat()
}

#[test]
fn modules_behind_a_decoder_travel_in_the_file() {
    let scratch = Scratch::new("decoder-modules");
    let folder = scratch.0.join("qwen3-dense");
    copy_folder(&embedding_fixture("qwen3-last"), &folder);
    let width = embedder_of(&folder).model().config().hidden_size();
    let dense = folder.join("3_Dense");
    std::fs::create_dir(&dense).expect("a folder");
    let config =
        json!({"in_features": width, "out_features": 24, "activation_function": "torch.nn.modules.activation.Tanh"});
    std::fs::write(dense.join("config.json"), config.to_string()).expect("written");
    std::fs::write(dense.join("model.safetensors"), dense_weights([24, width])).expect("written");
    change(&folder, "modules.json", |list| {
        let list = list.as_array_mut().expect("a list");
        list.pop();
        list.push(json!({"idx": 2, "name": "2", "path": "3_Dense", "type": "sentence_transformers.models.Dense"}));
    });
    let bytes = convert_folder(&folder, DType::F32);
    let file = GgufFile::read(&bytes);
    let architecture = Field::String("secondpass-qwen3-reranker".to_owned());
    assert_eq!(file.get("general.architecture"), Some(&architecture), "llama.cpp would leave the layer out");
    let (ours, theirs) = (embedder_of_files(&bytes, None, Precision::F32).expect("a model"), embedder_of(&folder));
    assert_eq!(task_of(&ours).0, 24);
    let request = json!({"input": ["a red planet", "another"], "input_type": "query"});
    assert_eq!(floats(&answer(&ours, &request)), floats(&answer(&theirs, &request)));
}

#[test]
fn a_vision_model_is_converted_for_embeddings_if_that_is_asked() {
    let out = Scratch::new("vision");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vl/vl-tied");
    let output = run(&folder, DType::F32, &out.0, &["--task", "embed"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let file = |name: &str| std::fs::read(out.0.join(name)).expect(name);
    let (text, tower) = (file("vl-tied-F32.gguf"), file("mmproj-vl-tied-F32.gguf"));
    let fields = GgufFile::read(&text);
    assert_eq!(fields.get("qwen3vl.pooling_type"), Some(&Field::U32(3)));
    assert!(fields.get("tokenizer.chat_template.rerank").is_none());
    assert!(fields.tensors.iter().all(|(tensor, _)| tensor.name != "cls.output.weight"));
    let (message, code) = refused(&text);
    assert!(message.contains("is an embedding model") && code == "unsupported_model", "{message}");
    let (ours, theirs) =
        (embedder_of_files(&text, Some(&tower), Precision::F32).expect("a model"), embedder_of(&folder));
    let pictures = FilePictures::beside(&folder.join("cases.json"), DecodeOptions::default());
    let mut compared = 0;
    for request in requests_in(&folder.join("embeddings.json")) {
        let request = EmbedRequest::from_json(&request.to_string()).expect("a request");
        let of = |embedder: &Embedder| {
            let (strict, observer) = (RequestOptions { strict: true }, Observer::silent());
            let answered = embedder.embed_with(&request, &pictures, strict, &|_, _| {}, &observer);
            floats(&block_on(answered).expect("vectors"))
        };
        for (a, b) in of(&ours).iter().zip(&of(&theirs)) {
            // The patch embedding is stored in 16 bits, whatever the type.
            assert!(cosine(a, b) > 0.9999, "{}", cosine(a, b));
            compared += 1;
        }
    }
    assert!(compared > 8, "{compared}");
}

#[test]
fn a_file_for_the_other_task_is_refused_with_what_it_is() {
    for model in &embedding_models() {
        let (message, code) = refused(&converted(model, DType::F32));
        assert!(message.contains("it is an embedding model, not a reranker"), "{model}: {message}");
        assert_eq!(code, "unsupported_model", "{model}: {message}");
    }
    for model in &models() {
        let (message, code) = no_embedder(&convert(model, DType::F32));
        assert!(message.contains("it is a reranker, not an embedding model"), "{model}: {message}");
        assert_eq!(code, "unsupported_model", "{model}: {message}");
    }
    // Files whose metadata does not say it are known by what they hold.
    let unsaid = |bytes: Vec<u8>| {
        let mut file = GgufFile::read(&bytes);
        file.fields.retain(|(key, _)| !key.ends_with(".pooling_type"));
        file.write()
    };
    let (message, code) = refused(&unsaid(converted("bert-mean", DType::F32)));
    assert!(message.contains("load it as an embedder") && code == "unsupported_model", "{message}");
    let (message, code) = no_embedder(&unsaid(convert("ettin", DType::F32)));
    assert!(message.contains("it is a reranker") && code == "unsupported_model", "{message}");
    let (message, code) = no_embedder(&unsaid(convert("bert", DType::F32)));
    assert!(message.contains("no embedding model") && code == "unsupported_model", "{message}");
}

#[test]
fn files_of_other_programs_are_refused_with_what_would_run() {
    let foreign = |bytes: &[u8]| GgufFile::read(bytes).without("secondpass.");
    for model in ["bert-mean", "xlm-roberta-prompts", "modernbert-cls"] {
        let file = foreign(&converted(model, DType::F32));
        let (message, code) = no_embedder(&file.write());
        assert!(message.contains("`secondpass convert`") && code == "unsupported_model", "{model}: {message}");
        let (message, code) = refused(&file.write());
        assert!(message.contains("is an embedding model") && code == "unsupported_model", "{model}: {message}");
    }
    let (message, code) = no_embedder(&foreign(&convert("xlm-roberta", DType::F32)).write());
    assert!(message.contains("it is a reranker") && code == "unsupported_model", "{message}");
    // A decoder's metadata says enough, but for published prompts; those of this fixture are the usual ones.
    let file = foreign(&converted("qwen3-last", DType::F32));
    let embedder = embedder_of_files(&file.write(), None, Precision::F32).expect("a model");
    assert_eq!(vectors(&embedder, "qwen3-last"), vectors(&embedder_of(&embedding_fixture("qwen3-last")), "qwen3-last"));
    let (message, code) = refused(&file.write());
    assert!(message.contains("is an embedding model") && code == "unsupported_model", "{message}");
}

#[test]
fn hostile_metadata_of_embedding_models_is_an_error() {
    let said = |file: GgufFile, part: &str, code: &str| {
        let (message, got) = no_embedder(&file.write());
        assert!(message.contains(part), "{message}");
        assert_eq!(got, code, "{message}");
    };
    let ours = |model: &str| GgufFile::read(&converted(model, DType::F32));
    let with_file = |model: &str, name: &str, text: &str| {
        let file = ours(model);
        let (Some(Field::Strings(names)), Some(Field::Strings(texts))) = (file.get(NAMES), file.get(TEXTS)) else {
            panic!("two lists")
        };
        let at = names.iter().position(|n| n == name).expect("the file");
        let mut texts = texts.clone();
        texts[at] = text.to_owned();
        file.with(TEXTS, Field::Strings(texts))
    };
    said(ours("bert-mean").with("bert.pooling_type", Field::U32(9)), "pooling_type is 9", "unsupported_model");
    said(ours("bert-mean").with("bert.pooling_type", Field::U32(4)), "it is a reranker", "unsupported_model");
    said(with_file("bert-mean", "modules.json", "{"), "modules.json", "invalid_config");
    said(with_file("bert-mean", "1_Pooling/config.json", "[]"), "1_Pooling", "invalid_config");
    said(with_file("bert-mean", "1_Pooling/config.json", r#"{"pooling_mode": "max"}"#), "max", "unsupported_model");
    said(with_file("bert-mean", "config.json", "{}"), "model_type", "invalid_config");
    let wide = r#"{"in_features": 4096, "out_features": 8}"#;
    said(with_file("distilbert-dense", "2_Dense/config.json", wide), "4096 values, but 48", "missing_tensor");
    said(ours("distilbert-dense").without_tensor("head.0.weight"), "2_Dense.linear.weight", "missing_tensor");
    let vision = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vl/vl-tied/config.json");
    let vision = std::fs::read_to_string(vision).expect("a configuration");
    said(with_file("qwen3-last", "config.json", &vision), "a vision model's", "invalid_config");
    let many_layers = |text: &str| {
        let mut config: Value = serde_json::from_str(text).expect("JSON");
        config["num_hidden_layers"] = json!(1_000_000);
        config.to_string()
    };
    let config = std::fs::read_to_string(embedding_fixture("qwen3-last").join("config.json")).expect("a configuration");
    said(with_file("qwen3-last", "config.json", &many_layers(&config)), "num_hidden_layers", "invalid_config");
    // A list that names modules of which the file holds nothing.
    let short = GgufFile { fields: ours("bert-mean").fields, tensors: Vec::new() };
    said(short, "lacks", "missing_tensor");
}

#[test]
fn the_folder_says_what_it_is_unless_that_is_asked() {
    let scratch = Scratch::new("asked");
    let out = scratch.0.join("out");
    let wrong = |folder: &Path, more: &[&str], part: &str| {
        let output = run(folder, DType::Q8_0, &out, more);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains(part), "{message}");
        assert_eq!(message.trim_end().lines().count(), 1, "{message}");
        assert!(!out.exists(), "no output folder was created");
    };
    wrong(&embedding_fixture("bert-mean"), &["--task", "rerank"], "it is an embedding model, not a reranker");
    wrong(&embedding_fixture("bert-plain"), &["--task", "rerank"], "classifier.weight");
    wrong(&fixture("ettin"), &["--task", "embed"], "it is a reranker, not an embedding model");
    wrong(&fixture("bert"), &["--task", "embed"], "it has a classifier");
    wrong(&fixture("qwen2-mxbai"), &["--task", "embed"], "make no embeddings");
    let folder = scratch.0.join("bert-max");
    copy_folder(&embedding_fixture("bert-mean"), &folder);
    change(&folder, "1_Pooling/config.json", |pooling| *pooling = json!({"pooling_mode": "max"}));
    wrong(&folder, &[], "max pooling is not supported");
    std::fs::remove_file(folder.join("1_Pooling/config.json")).expect("removed");
    wrong(&folder, &[], "1_Pooling/config.json was not found");
    let folder = scratch.0.join("dense-without-weights");
    copy_folder(&embedding_fixture("distilbert-dense"), &folder);
    std::fs::remove_file(folder.join("2_Dense/model.safetensors")).expect("removed");
    wrong(&folder, &[], "2_Dense");
    let folder = scratch.0.join("vl-dense");
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vl/vl-tied"), &folder);
    let width = embedder_of(&folder).model().config().hidden_size();
    let modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense")];
    let list: Vec<_> = modules.iter().map(|(path, kind)| json!({"path": path, "type": kind})).collect();
    std::fs::write(folder.join("modules.json"), json!(list).to_string()).expect("written");
    for (module, config) in [
        ("1_Pooling", json!({"pooling_mode": "lasttoken"})),
        ("2_Dense", json!({"in_features": width, "out_features": 8})),
    ] {
        std::fs::create_dir(folder.join(module)).expect("a folder");
        std::fs::write(folder.join(module).join("config.json"), config.to_string()).expect("written");
    }
    std::fs::write(folder.join("2_Dense/model.safetensors"), dense_weights([8, width])).expect("written");
    wrong(&folder, &[], "has no place for layers behind the pooling");
}

#[test]
fn four_bits_are_warned_of() {
    let out = Scratch::new("four-bits-embed");
    let said = |dtype: DType| {
        let output = run(&embedding_fixture("bert-mean"), dtype, &out.0, &[]);
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(said(DType::Q4_0).contains("warning: bert-mean has"));
    assert!(!said(DType::Q8_0).contains("warning"));
}

#[test]
fn the_command_embeds_with_a_file() {
    let out = Scratch::new("command");
    let folder = embedding_fixture("bert-mean");
    let output = run(&folder, DType::F32, &out.0, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let request = out.0.join("request.json");
    std::fs::write(&request, json!({"input": ["a red planet", "b"], "input_type": "query"}).to_string())
        .expect("written");
    let embed = |model: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_secondpass"));
        command.arg("embed").arg("--model").arg(model).arg("--request").arg(&request).args(["--dtype", "f32"]);
        let output = command.output().expect("the command");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        answer["data"].clone()
    };
    let data = embed(&out.0.join("bert-mean-F32.gguf"));
    assert_eq!(data.as_array().map(Vec::len), Some(2));
    assert_eq!(data, embed(&folder));
}

//! `secondpass convert`, from a Hugging Face folder to GGUF: tensor data byte for byte, metadata against files written by
//! the `gguf` package, and scores against the original model.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pollster::block_on;
use secondpass::bytes::{DirectoryFolder, Folder, MemorySource};
use secondpass::weights::gguf::{GgufHeader, GgufTensor, canonical, llama_name, other_parts, read_header};
use secondpass::weights::{Checkpoint, DType, quantize};
use serde_json::{Value, json};

const MODELS: [&str; 4] = ["text/tiny-tied", "text/tiny-untied", "vl/vl-tied", "vl/vl-untied"];
const TYPES: [DType; 3] = [DType::Q4_0, DType::Q8_0, DType::F16];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// A temporary folder, removed on drop.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("secondpass-convert-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("the folder").flatten();
        let mut names: Vec<String> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The finished files: unfinished ones end in `.partial`.
    fn finished(&self) -> Vec<String> {
        self.files().into_iter().filter(|name| name.ends_with(".gguf")).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(model: &Path, dtype: &str, out: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_secondpass"));
    command.arg("convert").arg(model).args(["--type", dtype, "--out"]).arg(out).args(more);
    command.output().expect("the command")
}

fn convert(model: &str, dtype: DType, out: &Path, more: &[&str]) {
    let output = run(&fixtures().join(model), &dtype.name().to_lowercase(), out, more);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn refused(model: &Path, out: &Path, more: &[&str]) -> String {
    let output = run(model, "q8_0", out, more);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

struct File {
    bytes: Vec<u8>,
    header: GgufHeader,
}

impl File {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let header = block_on(read_header(&MemorySource::new("file", bytes.clone()))).expect("a header");
        Self { bytes, header }
    }

    fn data(&self, tensor: &GgufTensor) -> &[u8] {
        &self.bytes[tensor.offset as usize..][..tensor.len as usize]
    }
}

fn name_of(model: &str) -> &str {
    model.split('/').next_back().expect("a name")
}

/// The text model's file and, if there is one, the vision tower's.
fn files(model: &str, dtype: DType, out: &Path) -> Vec<File> {
    let stem = format!("{}-{}.gguf", name_of(model), dtype.name());
    let mut files = vec![File::read(&out.join(&stem))];
    if model.starts_with("vl/") {
        files.push(File::read(&out.join(format!("mmproj-{stem}"))));
    }
    files
}

fn json_of(model: &str, file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(fixtures().join(model).join(file)).expect(file)).expect("JSON")
}

fn deepstack(model: &str) -> Vec<usize> {
    let config = json_of(model, "config.json");
    let listed = config["vision_config"]["deepstack_visual_indexes"].as_array().cloned().unwrap_or_default();
    listed.iter().map(|n| n.as_u64().expect("a number") as usize).collect()
}

/// The shape and values that a converted tensor must have, from the original checkpoint.
fn wanted(checkpoint: &Checkpoint, model: &str, name: &str) -> (Vec<usize>, Vec<f32>) {
    let whole = |name: &str| {
        let shape = checkpoint.info(name).unwrap_or_else(|| panic!("{name}")).shape.clone();
        let values = block_on(checkpoint.f32(name, &shape)).expect(name);
        (shape, values)
    };
    if name == "cls.output.weight" {
        let tied = checkpoint.info("lm_head.weight").is_none();
        let (shape, table) = whole(if tied { "embed_tokens.weight" } else { "lm_head.weight" });
        let cases = json_of(model, "cases.json");
        let row = |key: &str| &table[cases[key].as_u64().expect("an id") as usize * shape[1]..][..shape[1]];
        return (vec![2, shape[1]], [row("yes"), row("no")].concat());
    }
    let ours = canonical(name, &deepstack(model));
    assert_eq!(llama_name(&ours, &deepstack(model)).as_deref(), Some(name), "the mapping of names can be inverted");
    let Some((patch, frame)) = ours.rsplit_once('.').filter(|(stem, _)| stem.ends_with("patch_embed.proj.weight"))
    else {
        return whole(&ours);
    };
    let (mut shape, values) = whole(patch);
    let area: usize = shape[3..].iter().product();
    let values = values.chunks(area).skip(frame.parse().expect("a frame")).step_by(2).flatten().copied().collect();
    shape.remove(2);
    (shape, values)
}

fn wanted_type(name: &str, shape: &[usize], asked: DType) -> DType {
    match name {
        "cls.output.weight" | "v.position_embd.weight" => DType::F32,
        _ if shape.len() == 1 => DType::F32,
        "v.patch_embd.weight" | "v.patch_embd.weight.1" => DType::F16,
        _ if !shape[shape.len() - 1].is_multiple_of(asked.block_len()) => DType::F16,
        "token_embd.weight" if asked == DType::Q4_0 => DType::Q8_0,
        _ => asked,
    }
}

#[test]
fn tensor_data_equals_the_quantized_original_byte_for_byte() {
    let out = Scratch::new("bytes");
    for model in MODELS {
        let checkpoint =
            block_on(Checkpoint::open(&DirectoryFolder::new(fixtures().join(model)))).expect("the original");
        let original = checkpoint.tensors().filter(|t| t.name != "lm_head.weight").count();
        for asked in TYPES {
            convert(model, asked, &out.0, &[]);
            let files = files(model, asked, &out.0);
            // One more for the classifier rows, and one because the patch embedding is split by frame.
            assert_eq!(files.iter().map(|f| f.header.tensors.len()).sum::<usize>(), original + files.len());
            assert_eq!(
                files[0].header.tensors[0].name, "token_embd.weight",
                "readers take the vocabulary's size from the first tensor"
            );
            for (file, tensor) in files.iter().flat_map(|f| f.header.tensors.iter().map(move |t| (f, t))) {
                let (shape, values) = wanted(&checkpoint, model, &tensor.name);
                let dtype = wanted_type(&tensor.name, &shape, asked);
                assert_eq!((&tensor.shape, &tensor.dtype), (&shape, &Ok(dtype)), "{model} {}", tensor.name);
                let mut bytes = Vec::new();
                assert!(quantize(dtype, &values, &mut bytes));
                assert!(file.data(tensor) == bytes, "{model} {} {}", tensor.name, asked.name());
            }
        }
    }
}

#[test]
fn metadata_equals_what_the_gguf_package_writes() {
    let out = Scratch::new("metadata");
    for (model, reference) in [
        ("text/tiny-tied", &["mixed.gguf"][..]),
        ("text/tiny-untied", &["output.gguf"]),
        ("vl/vl-tied", &["sees.gguf", "mmproj.gguf"]),
    ] {
        convert(model, DType::Q8_0, &out.0, &[]);
        for (file, reference) in files(model, DType::Q8_0, &out.0).iter().zip(reference) {
            let theirs = File::read(&fixtures().join("gguf").join(reference)).header;
            let ours = &file.header.metadata;
            for (key, value) in theirs.metadata.iter().filter(|(key, _)| *key != "qwen3vl.context_length") {
                assert_eq!(ours.get(key), Some(value), "{reference} {key}");
            }
            let head = |name: &str| name == "output.weight" || name == "cls.output.weight";
            let shapes = |tensors: &[GgufTensor]| {
                let mut list: Vec<_> = tensors.iter().map(|t| (t.name.clone(), t.shape.clone())).collect();
                list.retain(|(name, _)| !head(name));
                list.sort();
                list
            };
            assert_eq!(shapes(&file.header.tensors), shapes(&theirs.tensors), "{reference}");
        }
    }
    let text = files("vl/vl-tied", DType::Q8_0, &out.0).remove(0).header.metadata;
    assert_eq!(text.number("qwen3vl.context_length"), Some(262_144), "from config.json");
    assert_eq!((text.number("general.file_type"), text.number("general.quantization_version")), (Some(7), Some(2)));
    assert_eq!(text.string("general.name"), Some("vl-tied"));
    let tokens = text.strings("tokenizer.ggml.tokens").expect("tokens");
    let token = |key: &str| tokens[text.number(key).expect(key)].as_str();
    assert_eq!(token("tokenizer.ggml.eos_token_id"), "<|im_end|>");
    assert_eq!(token("tokenizer.ggml.padding_token_id"), "<|endoftext|>");
    let template = text.string("tokenizer.chat_template.rerank").expect("a template");
    assert!(template.contains("<Query>:{query}\n<Document>:{document}<|im_end|>"), "the vision model's template");
}

#[test]
fn split_files_hold_the_same_metadata_and_tensors() {
    let out = Scratch::new("parts");
    let model = "vl/vl-untied";
    convert(model, DType::Q8_0, &out.0, &[]);
    let whole = files(model, DType::Q8_0, &out.0);
    let parts = Scratch::new("parts-split");
    convert(model, DType::Q8_0, &parts.0, &["--split-max-size", "100000"]);
    let names = parts.finished();
    let (tower, names) = names.split_first().expect("files");
    assert_eq!(tower, "mmproj-vl-untied-Q8_0.gguf", "the vision tower is one file");
    assert!(File::read(&parts.0.join(tower)).bytes == whole[1].bytes);
    let read: Vec<File> = names.iter().map(|name| File::read(&parts.0.join(name))).collect();
    assert!(read.len() > 2 && read.iter().all(|part| part.bytes.len() <= 100_000));
    let first = &read[0].header.metadata;
    assert_eq!(other_parts(&names[0], first).expect("the others"), names[1..]);
    assert_eq!(first.number("split.tensors.count"), Some(whole[0].header.tensors.len()));
    for (key, value) in whole[0].header.metadata.iter() {
        assert_eq!(first.get(key), Some(value), "{key}");
    }
    for (at, part) in read.iter().enumerate() {
        assert_eq!(part.header.metadata.number("split.no"), Some(at));
        assert_eq!(part.header.metadata.number("split.count"), Some(read.len()));
    }
    let tensors = |files: &[File]| -> Vec<(String, Vec<u8>)> {
        let of = |file: &File| -> Vec<_> {
            file.header.tensors.iter().map(|t| (t.name.clone(), file.data(t).to_vec())).collect()
        };
        files.iter().flat_map(of).collect()
    };
    assert!(tensors(&read) == tensors(&whole[..1]));
}

#[test]
fn a_failed_run_leaves_no_output_and_a_rerun_succeeds() {
    let out = Scratch::new("fails");
    let model = fixtures().join("vl/vl-tied");
    // Left by an interrupted run, left by an earlier split run, and an unrelated file of the user's.
    for left in ["vl-tied-Q8_0.gguf.partial", "vl-tied-Q8_0-00002-of-00003.gguf.partial", "other.gguf.partial"] {
        std::fs::write(out.0.join(left), "half a file").expect("written");
    }
    // A folder blocks the second file: it cannot be created, and the first must be removed again.
    let obstacle = out.0.join("mmproj-vl-tied-Q8_0.gguf.partial");
    std::fs::create_dir(&obstacle).expect("a folder");
    let message = refused(&model, &out.0, &[]);
    assert!(message.contains("mmproj-vl-tied-Q8_0.gguf.partial"), "{message}");
    assert!(out.finished().is_empty(), "{:?}", out.files());
    std::fs::remove_dir(&obstacle).expect("removed");
    convert("vl/vl-tied", DType::Q8_0, &out.0, &[]);
    assert_eq!(out.files(), ["mmproj-vl-tied-Q8_0.gguf", "other.gguf.partial", "vl-tied-Q8_0.gguf"]);
}

#[test]
fn existing_files_are_replaced_only_with_force() {
    let out = Scratch::new("force");
    let model = fixtures().join("text/tiny-tied");
    let there = out.0.join("tiny-tied-Q8_0.gguf");
    std::fs::write(&there, "mine").expect("written");
    let message = refused(&model, &out.0, &[]);
    assert!(message.contains("--force"), "{message}");
    assert_eq!(std::fs::read(&there).expect("it"), b"mine");
    convert("text/tiny-tied", DType::Q8_0, &out.0, &["--force"]);
    assert!(!File::read(&there).header.tensors.is_empty());
    assert_eq!(out.files(), ["tiny-tied-Q8_0.gguf"]);
}

/// A copy of a fixture that a test may modify.
fn copy_of(model: &str, scratch: &Scratch) -> PathBuf {
    let folder = scratch.0.join(name_of(model));
    std::fs::create_dir_all(&folder).expect("a folder");
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        std::fs::copy(fixtures().join(model).join(file), folder.join(file)).expect("a copy");
    }
    folder
}

/// Edits the safetensors header and appends `data`.
fn change_weights(folder: &Path, data: &[u8], change: impl FnOnce(&mut serde_json::Map<String, Value>, usize)) {
    let path = folder.join("model.safetensors");
    let bytes = std::fs::read(&path).expect("weights");
    let len = u64::from_le_bytes(bytes[..8].try_into().expect("a length")) as usize;
    let mut header: Value = serde_json::from_slice(&bytes[8..8 + len]).expect("a header");
    let old = &bytes[8 + len..];
    change(header.as_object_mut().expect("an object"), old.len());
    let header = header.to_string();
    std::fs::write(path, [&(header.len() as u64).to_le_bytes(), header.as_bytes(), old, data].concat())
        .expect("written");
}

fn change_config(folder: &Path, key: &str, value: Value) {
    let path = folder.join("config.json");
    let mut config: Value = serde_json::from_slice(&std::fs::read(&path).expect("a configuration")).expect("JSON");
    config[key] = value;
    std::fs::write(path, config.to_string()).expect("written");
}

#[test]
fn a_single_class_head_is_stored_with_a_zero_row() {
    let scratch = Scratch::new("score");
    let folder = copy_of("text/tiny-tied", &scratch);
    let width = json_of("text/tiny-tied", "config.json")["hidden_size"].as_u64().expect("a width") as usize;
    let score: Vec<u8> = (0..width).flat_map(|i| (i as f32 / 8.0 - 3.0).to_le_bytes()).collect();
    change_weights(&folder, &score, |header, at| {
        let offsets = [at, at + score.len()];
        header.insert("score.weight".into(), json!({"dtype": "F32", "shape": [1, width], "data_offsets": offsets}));
    });
    let output = run(&folder, "q4_0", &scratch.0, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let file = File::read(&scratch.0.join("tiny-tied-Q4_0.gguf"));
    let head = file.header.tensors.iter().find(|t| t.name == "cls.output.weight").expect("a head");
    assert_eq!(head.shape, [2, width]);
    assert!(file.data(head) == [score.as_slice(), &vec![0; score.len()]].concat());
    assert!(file.header.tensors.iter().all(|t| t.name != "score.weight"));
}

#[test]
fn unsupported_models_are_refused_with_the_reason() {
    let scratch = Scratch::new("wrong");
    let out = scratch.0.join("out");
    let wrong = |change: &dyn Fn(&Path), parts: &[&str]| {
        let folder = copy_of("text/tiny-tied", &scratch);
        change(&folder);
        let message = refused(&folder, &out, &[]);
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        assert_eq!(message.trim_end().lines().count(), 1, "{message}");
        assert!(!out.exists(), "no output folder was created");
        std::fs::remove_dir_all(folder).expect("removed");
    };
    let remove = |file: &'static str| move |folder: &Path| std::fs::remove_file(folder.join(file)).expect("removed");
    wrong(&remove("config.json"), &["config.json was not found"]);
    wrong(&remove("tokenizer.json"), &["tokenizer.json was not found"]);
    wrong(&remove("model.safetensors"), &["model.safetensors was not found"]);
    wrong(&|folder| change_config(folder, "model_type", json!("llama")), &["model_type \"llama\"", "qwen3_vl"]);
    wrong(
        &|folder| change_config(folder, "num_hidden_layers", json!(9)),
        &["layers.", ".input_layernorm.weight", "more"],
    );
    wrong(&|folder| change_config(folder, "vocab_size", json!(100)), &["100 rows"]);
    wrong(&|folder| change_config(folder, "intermediate_size", json!(7)), &["mlp.gate_proj.weight", "shape"]);
    let integers = |folder: &Path| {
        change_weights(folder, &[], |header, _| {
            let tensor = header.iter_mut().find(|(name, _)| name.ends_with("layers.0.mlp.up_proj.weight"));
            tensor.expect("it").1["dtype"] = json!("I32");
        });
    };
    wrong(&integers, &["mlp.up_proj.weight", "I32"]);
    let message = refused(&fixtures().join("vl/jina-m0"), &out, &[]);
    assert!(message.contains("the head of jina-reranker-m0; load the folder"), "{message}");
    let message = refused(&fixtures().join("gguf/mixed.gguf"), &out, &[]);
    assert!(message.contains("is not a folder"), "{message}");
    let damaged = copy_of("text/tiny-tied", &scratch);
    change_weights(&damaged, &[], |_, _| {});
    let path = damaged.join("model.safetensors");
    let mut bytes = std::fs::read(&path).expect("weights");
    let at = bytes.len() - 4;
    bytes[at..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&path, bytes).expect("written");
    let message = refused(&damaged, &out, &[]);
    assert!(message.contains("NaN") && message.contains("damaged"), "{message}");
    assert_eq!(std::fs::read_dir(&out).expect("the folder").count(), 0, "partial output was removed");
}

#[test]
fn help_and_argument_errors() {
    let convert = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_secondpass")).arg("convert").args(args).output().expect("the command")
    };
    let help = String::from_utf8_lossy(&convert(&["--help"]).stdout).into_owned();
    for part in ["Examples:", "q4_0", "--split-max-size", "mmproj-"] {
        assert!(help.contains(part), "{part}");
    }
    assert_eq!(convert(&[]).status.code(), Some(2));
    assert_eq!(convert(&["m", "--type", "q3_k", "--out", "o"]).status.code(), Some(2));
    assert_eq!(convert(&["m", "--type", "f16", "--out", "o", "--split-max-size", "1T"]).status.code(), Some(2));
}

#[test]
fn a_summary_table_and_progress_are_printed() {
    let out = Scratch::new("prints");
    let output = run(&fixtures().join("vl/vl-tied"), "q4_0", &out.0, &[]);
    let (shown, progress) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    for part in ["vl-tied-Q4_0.gguf", "mmproj-vl-tied-Q4_0.gguf", "1 Q8_0", "kB", " s\n"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    assert!(progress.contains("100 %") && !progress.contains('\u{1b}'), "{progress}");
}

mod scores {
    use secondpass::cli::FilePictures;
    use secondpass::engine::{FileLocation, LoadOptions, ModelLocation};
    use secondpass::media::DecodeOptions;
    use secondpass::{Engine, Observer, RequestOptions, RerankRequest};

    use super::*;

    /// A subset for vision models, whose pictures and videos are slow in tests.
    const CASES: [&str; 6] = ["text", "image", "text-and-image", "several", "image-both-sides", "video"];

    /// How far scores may be from the original's. Transformers with the dequantized weights of these files differs by up to
    /// 8.2e-4 (F16), 4.7e-2 (Q8_0) and 3.3e-1 (Q4_0): random models a few dozen wide lose far more than trained ones.
    fn tolerance(dtype: DType) -> f64 {
        match dtype {
            DType::F16 => 1e-3,
            DType::Q8_0 => 5e-2,
            _ => 0.4,
        }
    }

    fn load(folder: &dyn Folder, text: &str, vision: Option<&str>) -> Engine {
        let file = |name: &str| FileLocation { folder, name: name.to_owned() };
        let files = ModelLocation::Gguf { text: file(text), vision: vision.map(file) };
        block_on(Engine::load_from(&files, LoadOptions::cpu(), &Observer::silent())).expect("a model")
    }

    fn largest_difference(engine: &Engine, model: &str) -> f64 {
        let listed = json_of(model, "cases.json");
        let pictures = FilePictures::beside(&fixtures().join(model).join("cases.json"), DecodeOptions::default());
        let (mut largest, mut compared) = (0.0f64, 0);
        for case in listed["cases"].as_array().expect("a list") {
            if model.starts_with("vl/") && !CASES.iter().any(|name| case["name"] == *name) {
                continue;
            }
            let request = RerankRequest::from_json(&case["request"].to_string()).expect("a request");
            let response =
                block_on(engine.rerank_with(&request, &pictures, RequestOptions::default(), &Observer::silent()))
                    .expect("a response");
            for result in response.results {
                let want = case["scores"][result.index].as_f64().expect("a score");
                largest = largest.max((result.relevance_score - want).abs());
                compared += 1;
            }
        }
        assert!(compared > 8, "only {compared} scores were compared");
        largest
    }

    #[test]
    fn a_converted_model_scores_like_the_original() {
        let out = Scratch::new("scores");
        let folder = DirectoryFolder::new(&out.0);
        for model in MODELS {
            for dtype in TYPES {
                convert(model, dtype, &out.0, &[]);
                let text = format!("{}-{}.gguf", name_of(model), dtype.name());
                let vision = model.starts_with("vl/").then(|| format!("mmproj-{text}"));
                let largest = largest_difference(&load(&folder, &text, vision.as_deref()), model);
                println!("{model} in {}: largest difference {largest:.2e}", dtype.name());
                assert!(largest <= tolerance(dtype), "{model} in {}: {largest}", dtype.name());
            }
        }
    }

    #[test]
    fn a_split_model_scores_like_the_original() {
        let out = Scratch::new("split-scores");
        convert("text/tiny-untied", DType::F16, &out.0, &["--split-max-size", "100000"]);
        let first = out.finished().remove(0);
        assert!(first.contains("-00001-of-"), "{first}");
        let engine = load(&DirectoryFolder::new(&out.0), &first, None);
        assert!(largest_difference(&engine, "text/tiny-untied") <= tolerance(DType::F16));
    }
}

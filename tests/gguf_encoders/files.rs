//! Converted fixtures, and copies of them in which something is changed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pollster::block_on;
use secondpass::api::RequestError;
use secondpass::bytes::{DirectoryFolder, MemoryFolder, MemorySource};
use secondpass::engine::{FileLocation, LoadOptions, ModelLocation, TaskInfo};
use secondpass::model::Precision;
use secondpass::weights::DType;
use secondpass::weights::gguf::{Field, GgufLayout, GgufWriter, NewTensor, Value as GgufValue, read_header};
use secondpass::{Engine, Error, Observer, RerankRequest};
use serde_json::Value;

/// Keys of the files that a converted model holds.
pub const NAMES: &str = "secondpass.file_names";
pub const TEXTS: &str = "secondpass.file_texts";

/// The names of all folders in `tests/fixtures/encoder/`.
pub fn models() -> Vec<String> {
    let entries = std::fs::read_dir(fixture("")).expect("fixtures").map(|entry| entry.expect("an entry"));
    let mut models: Vec<String> = entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("a name in UTF-8"))
        .collect();
    models.sort();
    assert!(!models.is_empty(), "no fixtures: a clone without files?");
    models
}

pub fn fixture(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/encoder").join(model)
}

/// A temporary folder, removed on drop.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("secondpass-gguf-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).expect("a copy")),
        }
    }
}

pub fn change(folder: &Path, file: &str, change: impl FnOnce(&mut Value)) {
    let path = folder.join(file);
    let mut json: Value = serde_json::from_slice(&std::fs::read(&path).expect(file)).expect("JSON");
    change(&mut json);
    std::fs::write(path, json.to_string()).expect("written");
}

/// `secondpass convert`.
pub fn run(folder: &Path, dtype: DType, out: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_secondpass"));
    command.arg("convert").arg(folder).args(["--type", &dtype.name().to_lowercase(), "--out"]).arg(out).args(more);
    command.output().expect("the command")
}

/// The converted file of a folder.
pub fn convert_folder(folder: &Path, dtype: DType) -> Vec<u8> {
    let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
    let out = Scratch::new(&format!("{name}-{}-{:?}", dtype.name(), std::thread::current().id()));
    let output = run(folder, dtype, &out.0, &[]);
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(out.0.join(format!("{name}-{}.gguf", dtype.name()))).expect("the file")
}

pub fn convert(model: &str, dtype: DType) -> Vec<u8> {
    convert_folder(&fixture(model), dtype)
}

fn in_f32() -> LoadOptions {
    LoadOptions { precision: Precision::F32, ..LoadOptions::cpu() }
}

/// Matrices stay as the file stores them.
fn as_stored() -> LoadOptions {
    LoadOptions { precision: Precision::Auto, ..LoadOptions::cpu() }
}

pub fn load_folder(model: &str) -> Engine {
    let loaded = block_on(Engine::load(&DirectoryFolder::new(fixture(model)), in_f32(), &Observer::silent()));
    loaded.unwrap_or_else(|e| panic!("{model}: {e}"))
}

pub fn load_bytes(bytes: &[u8]) -> Result<Engine, Error> {
    load_with(bytes, in_f32())
}

pub fn load_as_stored(bytes: &[u8]) -> Engine {
    load_with(bytes, as_stored()).expect("a model")
}

fn load_with(bytes: &[u8], options: LoadOptions) -> Result<Engine, Error> {
    let folder = MemoryFolder::default().with("model.gguf", bytes);
    let text = FileLocation { folder: &folder, name: "model.gguf".to_owned() };
    block_on(Engine::load_from(&ModelLocation::Gguf { text, vision: None }, options, &Observer::silent()))
}

pub fn refused(bytes: &[u8]) -> (String, &'static str) {
    let error = load_bytes(bytes).err().expect("a refusal");
    (error.to_string(), error.code())
}

/// What makes published scores of logits.
pub fn activation(engine: &Engine) -> &'static str {
    let TaskInfo::Reranker { activation, .. } = &engine.info().task else { panic!("a reranker") };
    activation
}

pub fn cases(model: &str) -> Vec<Value> {
    let bytes = std::fs::read(fixture(model).join("cases.json")).expect("cases");
    let file: Value = serde_json::from_slice(&bytes).expect("JSON");
    file["cases"].as_array().expect("a list").clone()
}

/// The logit and the published score of every document of every case.
pub fn scores(engine: &Engine, cases: &[Value]) -> Vec<[f64; 2]> {
    let mut all = Vec::new();
    for case in cases {
        let mut body = case["request"].clone();
        body["raw_scores"] = true.into();
        let request = RerankRequest::from_json(&body.to_string()).expect("a request");
        let mut results = match block_on(engine.rerank(&request, &Observer::silent())) {
            Ok(response) => response.results,
            // The prompt of a decoder may fill the limit of a case alone.
            Err(Error::Request(RequestError::DocumentUnread { .. })) => continue,
            Err(error) => panic!("{error}"),
        };
        results.sort_by_key(|result| result.index);
        all.extend(results.iter().map(|result| [result.logit, result.relevance_score]));
    }
    assert!(all.len() > 8);
    all
}

/// The largest difference of a logit.
pub fn largest(some: &[[f64; 2]], others: &[[f64; 2]]) -> f64 {
    assert_eq!(some.len(), others.len());
    some.iter().zip(others).map(|(a, b)| (a[0] - b[0]).abs()).fold(0.0, f64::max)
}

/// A file whose parts can be changed.
pub struct GgufFile {
    pub fields: Vec<(String, Field)>,
    pub tensors: Vec<(NewTensor, Vec<u8>)>,
}

impl GgufFile {
    pub fn read(bytes: &[u8]) -> Self {
        let header = block_on(read_header(&MemorySource::new("model.gguf", bytes))).expect("a header");
        let fields = header.metadata.iter().map(|(key, value)| (key.to_owned(), field(key, value))).collect();
        let tensors = header.tensors.iter().map(|tensor| {
            let dtype = tensor.dtype.clone().expect("a type that is read");
            let data = bytes[tensor.offset as usize..][..tensor.len as usize].to_vec();
            (NewTensor { name: tensor.name.clone(), dtype, shape: tensor.shape.clone() }, data)
        });
        Self { fields, tensors: tensors.collect() }
    }

    pub fn write(&self) -> Vec<u8> {
        let tensors: Vec<NewTensor> = self.tensors.iter().map(|(tensor, _)| tensor.clone()).collect();
        let mut writer = GgufWriter::start(Vec::new(), GgufLayout::new(&self.fields, &tensors).expect("whole blocks"))
            .expect("in memory");
        for (_, data) in &self.tensors {
            writer.next_tensor().expect("a tensor");
            writer.write(data).expect("its data");
        }
        writer.finish().expect("all of it")
    }

    pub fn get(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|(k, _)| k == key).map(|(_, field)| field)
    }

    pub fn without(mut self, prefix: &str) -> Self {
        let before = self.fields.len();
        self.fields.retain(|(key, _)| !key.starts_with(prefix));
        assert!(self.fields.len() < before, "there was no {prefix}");
        self
    }

    pub fn with(mut self, key: &str, field: Field) -> Self {
        self.fields.retain(|(k, _)| k != key);
        self.fields.push((key.to_owned(), field));
        self
    }

    pub fn without_tensor(mut self, name: &str) -> Self {
        let before = self.tensors.len();
        self.tensors.retain(|(tensor, _)| tensor.name != name);
        assert!(self.tensors.len() < before, "there was no {name}");
        self
    }

    /// Another architecture, with its keys.
    pub fn named(mut self, architecture: &str) -> Self {
        let Some(Field::String(old)) = self.get("general.architecture").cloned() else { panic!("an architecture") };
        for (key, _) in &mut self.fields {
            if let Some(leaf) = key.strip_prefix(&format!("{old}.")) {
                *key = format!("{architecture}.{leaf}");
            }
        }
        self.with("general.architecture", Field::String(architecture.to_owned()))
    }

    /// As other programs write it: without our keys, and matrices of one row without that dimension.
    pub fn foreign(self) -> Self {
        let mut file = self.without("secondpass.");
        for (tensor, _) in &mut file.tensors {
            if tensor.shape.len() == 2 && tensor.shape[0] == 1 {
                tensor.shape.remove(0);
            }
        }
        file
    }
}

/// In the type that the key had.
fn field(key: &str, value: &GgufValue) -> Field {
    let all = |list: &[f64]| list.to_vec();
    match value {
        GgufValue::Unsigned(n) => Field::U32(*n as u32),
        GgufValue::Signed(n) => Field::I32(*n as i32),
        GgufValue::Float(n) => Field::F32(*n as f32),
        GgufValue::Bool(b) => Field::Bool(*b),
        GgufValue::String(text) => Field::String(text.clone()),
        GgufValue::Strings(list) => Field::Strings(list.clone()),
        GgufValue::Numbers(list) => match key {
            "tokenizer.ggml.scores" => Field::F32s(all(list).iter().map(|&n| n as f32).collect()),
            "tokenizer.ggml.precompiled_charsmap" => Field::U8s(all(list).iter().map(|&n| n as u8).collect()),
            _ => Field::I32s(all(list).iter().map(|&n| n as i32).collect()),
        },
    }
}

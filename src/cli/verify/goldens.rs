//! Golden cases: published results of real models. A few short ones are built in or in the catalogue, more are read from a
//! file.

use std::path::Path;

use serde::Deserialize;

use super::catalogue::{Catalogue, PublishedCheckpoint};
use super::error::VerifyError;
use crate::bytes::fetch;
use crate::cli::model::url;
use crate::model::{Family, ModelConfig};

/// A golden file has a few dozen passages.
const MAX_GOLDEN_FILE_BYTES: u64 = 16 << 20;

/// In f32, or with the weights of the published run, of a score of 1 or less.
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
    #[serde(default)]
    pub n_tokens: Option<usize>,
    /// SHA-256 of the prompt's token ids in decimal, joined with commas.
    #[serde(default)]
    pub ids_sha256: Option<String>,
    /// The score that the model's authors publish.
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
    let with = |relative: f64| {
        move |case: GoldenCase| GoldenCase { tolerance: tolerance(relative, case.score.unwrap_or_default()), ..case }
    };
    Ok(text.into_iter().map(with(TEXT_TOLERANCE)).chain(image.into_iter().map(with(IMAGE_TOLERANCE))).collect())
}

/// A published score that is a logit may be a large number, and its error grows with it.
fn tolerance(relative: f64, score: f64) -> f64 {
    relative * score.abs().max(1.0)
}

fn read_file(path: &Path) -> Result<Vec<u8>, VerifyError> {
    let failed = |source| VerifyError::ReadGoldens { path: path.to_owned(), source };
    let len = std::fs::metadata(path).map_err(failed)?.len();
    if len > MAX_GOLDEN_FILE_BYTES {
        return Err(VerifyError::GoldensTooLarge { path: path.to_owned(), len, limit: MAX_GOLDEN_FILE_BYTES });
    }
    std::fs::read(path).map_err(failed)
}

/// The published scores of a checkpoint of the catalogue: of the one that `name` says, else of the one that the model's
/// folder is named after.
pub fn published_scores(model: &Path, name: Option<&str>) -> Result<Vec<GoldenCase>, VerifyError> {
    let catalogue = Catalogue::built_in();
    let checkpoint = match name {
        None => catalogue.at(&model.to_string_lossy()),
        Some(name) => {
            let unknown =
                || VerifyError::UnknownCheckpoint { name: name.to_owned(), known: catalogue.scored().join(", ") };
            Some(catalogue.named(name).ok_or_else(unknown)?)
        }
    };
    Ok(checkpoint.map_or_else(Vec::new, |checkpoint| scored_cases(&catalogue, checkpoint)))
}

fn scored_cases(catalogue: &Catalogue, checkpoint: &PublishedCheckpoint) -> Vec<GoldenCase> {
    let request = &catalogue.golden_request;
    let case = |(document, &score): (&String, &f64)| GoldenCase {
        instruction: None,
        query: request.query.clone(),
        document: Some(document.clone()),
        image: None,
        n_tokens: None,
        ids_sha256: None,
        score: Some(score),
        tolerance: checkpoint.golden_tolerance.unwrap_or(tolerance(TEXT_TOLERANCE, score)),
    };
    request.documents.iter().zip(&checkpoint.golden_scores).map(case).collect()
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
        n_tokens: Some(*n_tokens),
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
        n_tokens: Some(81),
        ids_sha256: Some("b31d1884b50af8a87920a1eb874a38ceac4a0cc5d94beba1cb2afdbb6cbbbd66".into()),
        score: with_score.then_some(0.100_403_74),
        tolerance: BF16_TOLERANCE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerances_grow_with_scores_and_with_the_rounding_of_what_is_published() {
        let tolerances = |name: &str| -> Vec<f64> {
            let cases = published_scores(Path::new("models/mine"), Some(name)).expect("a checkpoint");
            cases.iter().map(|case| case.tolerance).collect()
        };
        assert_eq!(tolerances("BAAI/bge-reranker-base"), [1e-3; 4]);
        assert_eq!(tolerances("ettin-reranker-32m-v1"), [0.01; 4]);
        assert!((tolerances("ms-marco-MiniLM-L6-v2")[1] - 9.690_94e-3).abs() < 1e-12);
        assert!(tolerances("ettin-reranker-17m-v1").is_empty(), "no scores are published");
    }

    #[test]
    fn the_checkpoint_is_the_named_one_or_that_of_the_folder() {
        let folder = Path::new("models/ms-marco-MiniLM-L6-v2");
        let first = |name: Option<&str>| published_scores(folder, name).expect("a checkpoint")[0].score;
        assert_eq!(first(None), Some(-6.52474));
        assert_eq!(first(Some("ms-marco-MiniLM-L4-v2")), Some(-7.84192));
        assert!(published_scores(Path::new("models/mine"), None).expect("no name").is_empty());
        assert!(matches!(published_scores(folder, Some("mine")), Err(VerifyError::UnknownCheckpoint { .. })));
    }
}

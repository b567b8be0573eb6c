//! Published results of the real models: those short enough to carry, and those that a person brings along.

use std::path::Path;

use serde::Deserialize;

use super::super::model::url;
use crate::bytes::fetch;
use crate::model::{Family, ModelConfig};

/// A file of goldens is a few dozen passages.
const MAX_BYTES: u64 = 16 << 20;

/// One published result.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    /// The task; the model's own default if absent.
    #[serde(default)]
    pub instruction: Option<String>,
    /// What is looked for.
    pub query: String,
    /// The passage, where it is one.
    #[serde(default)]
    pub document: Option<String>,
    /// The picture's file, where it is one.
    #[serde(default)]
    pub image: Option<String>,
    /// Tokens of the whole prompt.
    pub n_tokens: usize,
    /// SHA-256 of all ids, with commas between.
    #[serde(default)]
    pub ids_sha256: Option<String>,
    /// The score.
    #[serde(default)]
    pub score: Option<f64>,
    /// How far the score may be off.
    #[serde(skip)]
    pub tolerance: f64,
}

#[derive(Deserialize)]
struct Goldens {
    #[serde(default)]
    text: Vec<Case>,
    #[serde(default)]
    image: Vec<Case>,
}

/// In f32 or arithmetic as accurate, on texts.
const TEXT_TOLERANCE: f64 = 1e-3;
/// On pictures: the published run may have used a coarser convolution, and decoders of JPEG differ a little.
const IMAGE_TOLERANCE: f64 = 2e-3;

/// The cases of a person's file, which may lie under a URL.
pub async fn read(path: &Path) -> Result<Vec<Case>, String> {
    let unreadable = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let bytes = match url(path) {
        Some(url) => fetch(url, MAX_BYTES).await.map_err(|e| e.to_string())?,
        None => {
            let length = std::fs::metadata(path).map_err(|e| unreadable(&e))?.len();
            if length > MAX_BYTES {
                return Err(unreadable(&format!("{length} bytes are too many for a file of goldens")));
            }
            std::fs::read(path).map_err(|e| unreadable(&e))?
        }
    };
    let Goldens { text, image } = serde_json::from_slice(&bytes).map_err(|e| unreadable(&e))?;
    let with = |tolerance: f64| move |case: Case| Case { tolerance, ..case };
    Ok(text.into_iter().map(with(TEXT_TOLERANCE)).chain(image.into_iter().map(with(IMAGE_TOLERANCE))).collect())
}

/// What is carried along for a model of that family. The scores are those of one size, and hold for no other.
pub fn carried(config: &ModelConfig) -> Vec<Case> {
    match config.family() {
        Family::Qwen3Reranker => {
            // Published logits of the 0.6B model in f32.
            let is_published = config.text.hidden_size == 1024 && config.text.num_hidden_layers == 28;
            let case = |(document, n_tokens, score): &(&str, usize, f64)| Case {
                instruction: None,
                query: "Which planet is known as the Red Planet?".into(),
                document: Some((*document).into()),
                image: None,
                n_tokens: *n_tokens,
                ids_sha256: None,
                score: is_published.then_some(*score),
                tolerance: TEXT_TOLERANCE,
            };
            RED_PLANET.iter().map(case).collect()
        }
        Family::Qwen3VlReranker => vec![Case {
            instruction: None,
            query: "A cat standing in the snow.".into(),
            document: Some("This product was excellent and exceeded my expectations.".into()),
            image: None,
            n_tokens: 81,
            ids_sha256: Some(CAT_IDS.into()),
            // Published from a run in bf16, which is good to a few hundredths of the score.
            score: (config.text.hidden_size == 2048 && config.text.num_hidden_layers == 28).then_some(0.100_403_74),
            tolerance: 0.01,
        }],
    }
}

const RED_PLANET: [(&str, usize, f64); 4] = [
    ("Venus is often called Earth's twin because of its similar size and proximity.", 95, 0.042_725_4),
    ("Mars, known for its reddish appearance, is often referred to as the Red Planet.", 98, 0.999_192_2),
    ("Jupiter, the largest planet in our solar system, has a prominent red spot.", 96, 0.406_427_3),
    ("Saturn, famous for its rings, is sometimes mistaken for the Red Planet.", 95, 0.971_849_5),
];

/// Of the 81 published ids.
const CAT_IDS: &str = "b31d1884b50af8a87920a1eb874a38ceac4a0cc5d94beba1cb2afdbb6cbbbd66";

//! Runs golden cases.

use sha2::{Digest, Sha256};

use super::error::CaseError;
use super::goldens::{GoldenCase, built_in_goldens};
use super::report::{CaseComparison, CaseOutcome, ScoreComparison};
use crate::RerankRequest;
use crate::api::ImageRef;
use crate::cli::pictures::FilePictures;
use crate::engine::{self, Engine, Observer, PictureSource, RequestOptions};
use crate::media::smart_resize;
use crate::model::{ModelConfig, VisionConfig};
use crate::prompt::{PromptInput, PromptLimits, Prompter, VisualPlaceholder};

/// What cases are run with.
pub struct CaseRunner<'a> {
    pub prompter: &'a Prompter,
    pub vision: Option<&'a VisionConfig>,
    /// None where only token ids are compared.
    pub engine: Option<&'a Engine>,
    pub pictures: &'a FilePictures,
}

impl CaseRunner<'_> {
    /// Runs the built-in cases of the model's family, then the given ones.
    pub async fn run_all(&self, config: &ModelConfig, more: &[GoldenCase]) -> Vec<CaseOutcome> {
        let mut outcomes = Vec::new();
        for case in built_in_goldens(config).iter().chain(more) {
            outcomes.push(CaseOutcome { title: title(case), result: self.run(case).await });
        }
        outcomes
    }

    async fn run(&self, case: &GoldenCase) -> Result<CaseComparison, CaseError> {
        let ids = self.encode(case).await?;
        let score = match (self.engine, case.score) {
            (Some(engine), Some(expected)) => {
                let score = score(engine, case, self.pictures).await?;
                Some(ScoreComparison { score, expected, tolerance: case.tolerance })
            }
            _ => None,
        };
        let same_ids = case.ids_sha256.as_deref().map(|expected| sha256_of_ids(&ids) == expected);
        Ok(CaseComparison { tokens: ids.len(), expected_tokens: case.n_tokens, same_ids, score })
    }

    async fn encode(&self, case: &GoldenCase) -> Result<Vec<u32>, CaseError> {
        let visuals = match &case.image {
            Some(image) => vec![self.visual(image).await?],
            None => Vec::new(),
        };
        let document = PromptInput { visuals: &visuals, text: case.document.as_deref().unwrap_or_default() };
        let query = PromptInput { visuals: &[], text: &case.query };
        Ok(self.prompter.encode(case.instruction.as_deref(), &query, &document, PromptLimits::default())?.ids)
    }

    /// The placeholder of a picture, which needs its size but not its features.
    async fn visual(&self, image: &str) -> Result<VisualPlaceholder, CaseError> {
        let Some(vision) = self.vision else {
            return Err(match self.prompter.template().and_then(|template| template.media) {
                None => CaseError::TextOnly,
                Some(_) => CaseError::NoVisionTower,
            });
        };
        let picture = self.pictures.open(&ImageRef::Url(image.to_owned())).await?;
        let factor = vision.geometry().factor();
        let (height, width) = smart_resize(picture.height(), picture.width(), factor, &vision.limits)?;
        Ok(VisualPlaceholder::Image { tokens: height / factor * (width / factor) })
    }
}

async fn score(engine: &Engine, case: &GoldenCase, pictures: &FilePictures) -> Result<f64, engine::Error> {
    let document = match &case.image {
        Some(image) => serde_json::json!({ "image": image }),
        None => serde_json::json!(case.document),
    };
    let body = serde_json::json!({
        "query": case.query,
        "instruction": case.instruction,
        "documents": [document],
        "raw_scores": true,
    });
    let request = RerankRequest::from_json(&body.to_string())?;
    let response = engine.rerank_with(&request, pictures, RequestOptions::default(), &Observer::silent()).await?;
    Ok(response.results.first().map_or(f64::NAN, |result| result.relevance_score))
}

fn sha256_of_ids(ids: &[u32]) -> String {
    let joined = ids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    format!("{:x}", Sha256::digest(joined))
}

fn title(case: &GoldenCase) -> String {
    let document = case.image.as_deref().or(case.document.as_deref()).unwrap_or_default();
    let short = |text: &str| text.chars().take(24).collect::<String>();
    format!("{} / {}", short(&case.query), short(document))
}

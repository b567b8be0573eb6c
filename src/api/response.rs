//! The response.

use serde::Serialize;
use serde_json::Value;

use super::error::RequestError;
use super::request::RerankRequest;

/// The scores of a request's documents.
#[derive(Debug, Clone, Serialize)]
pub struct RerankResponse {
    /// An id of this response.
    pub id: String,
    /// The model's name.
    pub model: String,
    /// The results by descending score. Equal scores keep the order of the request.
    pub results: Vec<ScoredDocument>,
    /// The number of tokens.
    pub usage: Usage,
    /// What hosted services do not report.
    pub meta: Meta,
}

/// The score of one document.
#[derive(Debug, Clone, Serialize)]
pub struct ScoredDocument {
    /// The document's index in the request.
    pub index: usize,
    /// From 0 to 1, or the checkpoint's published score if the request asks for that.
    pub relevance_score: f64,
    /// What the model's head gave, of which the score is a function.
    pub logit: f64,
    /// The document, if the request asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<Value>,
}

/// The score of one document, as it is computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DocumentScore {
    /// From 0 to 1, or the checkpoint's published score if the request asks for that.
    pub relevance_score: f64,
    /// What the model's head gave.
    pub logit: f64,
}

/// The number of tokens, in the format of other services.
#[derive(Debug, Clone, Serialize)]
pub struct Usage {
    /// Tokens of all prompts.
    pub prompt_tokens: usize,
    /// The same, since nothing is generated.
    pub total_tokens: usize,
}

/// What hosted services do not report.
#[derive(Debug, Clone, Serialize)]
pub struct Meta {
    /// The device that computed the scores.
    pub device: String,
    /// Tokens whose computation was reused.
    pub cached_tokens: usize,
    /// The time of each stage.
    pub timings: Timings,
    /// Warnings about the scores, such as documents that were truncated.
    pub warnings: Vec<String>,
    /// Documents that could not be scored, for example because an image is damaged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<FailedDocument>,
}

/// A document that could not be scored, and why.
#[derive(Debug, Clone, Serialize)]
pub struct FailedDocument {
    /// The document's index in the request.
    pub index: usize,
    /// The error's code.
    pub code: &'static str,
    /// The error's message.
    pub message: String,
}

/// The time of each stage in milliseconds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Timings {
    /// Tokenizing.
    pub tokenize_ms: f64,
    /// Decoding images and computing their features.
    pub vision_ms: f64,
    /// Computing the scores.
    pub compute_ms: f64,
    /// The whole request.
    pub total_ms: f64,
}

/// Makes the response: sorts the results, keeps `top_n`, and repeats documents if asked to. `scores` are in the order of
/// the request, `None` for a document that failed.
pub fn assemble(
    request: &RerankRequest,
    id: String,
    model: String,
    scores: &[Option<DocumentScore>],
    usage: Usage,
    meta: Meta,
) -> Result<RerankResponse, RequestError> {
    if let Some(index) = scores.iter().position(|score| score.is_some_and(|score| score.logit.is_nan())) {
        return Err(RequestError::ScoreNotANumber { index });
    }
    let mut scored: Vec<(usize, DocumentScore)> =
        scores.iter().enumerate().filter_map(|(i, score)| Some((i, (*score)?))).collect();
    // By logits, of which scores are a growing function: they still differ where scores are rounded to 1. The sort is
    // stable, so equal ones keep the order of the request.
    scored.sort_by(|(_, a), (_, b)| b.logit.total_cmp(&a.logit));
    scored.truncate(request.top_n.unwrap_or(usize::MAX));
    let results = scored
        .into_iter()
        .map(|(index, DocumentScore { relevance_score, logit })| ScoredDocument {
            index,
            relevance_score,
            logit,
            document: request.return_documents.then(|| echo(&request.documents[index].original)),
        })
        .collect();
    Ok(RerankResponse { id, model, results, usage, meta })
}

/// Like other services, returns a string as an object with its text.
fn echo(original: &Value) -> Value {
    match original {
        Value::String(text) => serde_json::json!({ "text": text }),
        other => other.clone(),
    }
}

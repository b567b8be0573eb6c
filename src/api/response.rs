//! The answer of `/v1/rerank`.

use serde::Serialize;
use serde_json::Value;

use super::{RequestError, RerankRequest};

/// Scores, best first.
#[derive(Debug, Clone, Serialize)]
pub struct RerankResponse {
    /// The request's id.
    pub id: String,
    /// The model that scored.
    pub model: String,
    /// Sorted by score, ties in the order of the request.
    pub results: Vec<ScoredDocument>,
    /// Tokens read.
    pub usage: Usage,
    /// What only a local model can tell.
    pub meta: Meta,
}

/// The score of one document.
#[derive(Debug, Clone, Serialize)]
pub struct ScoredDocument {
    /// Its place in the request.
    pub index: usize,
    /// 0 to 1.
    pub relevance_score: f64,
    /// The document as it was given, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<Value>,
}

/// Tokens read.
#[derive(Debug, Clone, Serialize)]
pub struct Usage {
    /// Of all prompts together.
    pub prompt_tokens: usize,
    /// The same: nothing is generated.
    pub total_tokens: usize,
}

/// What only a local model can tell.
#[derive(Debug, Clone, Serialize)]
pub struct Meta {
    /// Where it ran.
    pub device: String,
    /// Tokens that were not computed again.
    pub cached_tokens: usize,
    /// How long it took.
    pub timings: Timings,
    /// What the caller should know about the scores.
    pub warnings: Vec<String>,
    /// Documents without a score, such as those whose picture is broken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<FailedDocument>,
}

/// A document that could not be scored, and why.
#[derive(Debug, Clone, Serialize)]
pub struct FailedDocument {
    /// Its place in the request.
    pub index: usize,
    /// As the error of a request has it.
    pub code: &'static str,
    /// What is wrong with it.
    pub message: String,
}

/// Milliseconds.
#[derive(Debug, Clone, Serialize)]
pub struct Timings {
    /// From text to ids.
    pub tokenize_ms: f64,
    /// From pictures to features.
    pub vision_ms: f64,
    /// From ids to scores.
    pub compute_ms: f64,
    /// All of it.
    pub total_ms: f64,
}

/// Sorts, cuts and echoes. `scores` are in the order of the request; a document that failed has none.
pub fn assemble(
    request: &RerankRequest,
    id: String,
    model: String,
    scores: &[Option<f64>],
    usage: Usage,
    meta: Meta,
) -> Result<RerankResponse, RequestError> {
    if let Some(index) = scores.iter().position(|score| score.is_some_and(f64::is_nan)) {
        return Err(RequestError::Internal(format!("the score of documents[{index}] is not a number")));
    }
    let mut scored: Vec<(usize, f64)> =
        scores.iter().enumerate().filter_map(|(i, score)| Some((i, (*score)?))).collect();
    // A stable sort: equal scores keep the order of the request.
    scored.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    scored.truncate(request.top_n.unwrap_or(usize::MAX));
    let results = scored
        .into_iter()
        .map(|(index, relevance_score)| ScoredDocument {
            index,
            relevance_score,
            document: request.return_documents.then(|| echo(&request.documents[index].original)),
        })
        .collect();
    Ok(RerankResponse { id, model, results, usage, meta })
}

/// Servers give a bare string back as an object with its text.
fn echo(original: &Value) -> Value {
    match original {
        Value::String(text) => serde_json::json!({ "text": text }),
        other => other.clone(),
    }
}

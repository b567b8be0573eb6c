//! The body of a request.

use serde_json::Value;

use super::content::Content;
use super::error::RequestError;
use super::fields::{boolean, count, instruction, rate};
use super::limits::{MAX_BODY_BYTES, MAX_DOCUMENTS};

/// A request to score documents against a query.
#[derive(Debug, Clone, PartialEq)]
pub struct RerankRequest {
    /// What the documents are scored against.
    pub query: Content,
    /// The documents to score.
    pub documents: Vec<Content>,
    /// The task in one sentence, instead of the model's default.
    pub instruction: Option<String>,
    /// The number of results to return, instead of all.
    pub top_n: Option<usize>,
    /// Whether each result repeats its document.
    pub return_documents: bool,
    /// Whether `relevance_score` is the score that the checkpoint's authors publish, which may be any number.
    pub raw_scores: bool,
    /// The most tokens that are read of each document's text, besides the prompt's own limit.
    pub max_tokens_per_doc: Option<usize>,
    /// The most tokens of a prompt, instead of the model's own limit.
    pub max_length: Option<usize>,
    /// Frames per second that are sampled from a video with a known rate. The default is 1.
    pub fps: Option<f64>,
    /// The most frames of a video. The default is 64.
    pub max_frames: Option<usize>,
}

impl RerankRequest {
    /// Reads a body. Like servers, ignores unknown fields, and `model` too, since only one is loaded.
    ///
    /// ```
    /// use secondpass::api::RerankRequest;
    ///
    /// let body = r#"{"query": "capital of China", "documents": ["Beijing", {"text": "Paris"}], "top_n": 1}"#;
    /// let request = RerankRequest::from_json(body)?;
    /// assert_eq!((request.documents.len(), request.top_n), (2, Some(1)));
    /// # Ok::<(), secondpass::api::RequestError>(())
    /// ```
    pub fn from_json(body: &str) -> Result<Self, RequestError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(RequestError::invalid(format!("the body is longer than {MAX_BODY_BYTES} bytes")));
        }
        let Value::Object(mut fields) = serde_json::from_str(body)? else {
            return Err(RequestError::invalid("the body must be an object with query and documents"));
        };
        let query = fields.remove("query").ok_or_else(|| RequestError::invalid("query must be provided"))?;
        Ok(Self {
            query: Content::parse(query, "query")?,
            documents: documents(fields.remove("documents"))?,
            instruction: instruction(&fields)?,
            top_n: count(&fields, "top_n")?,
            return_documents: boolean(&fields, "return_documents")?,
            raw_scores: boolean(&fields, "raw_scores")?,
            max_tokens_per_doc: count(&fields, "max_tokens_per_doc")?,
            max_length: count(&fields, "max_length")?,
            fps: rate(&fields, "fps")?,
            max_frames: count(&fields, "max_frames")?,
        })
    }

    /// The first query or document with images or videos, as named in messages.
    pub fn first_media(&self) -> Option<String> {
        self.first(Content::has_media)
    }

    /// The first query or document with videos.
    pub fn first_video(&self) -> Option<String> {
        self.first(|content| !content.videos.is_empty())
    }

    fn first(&self, is_it: impl Fn(&Content) -> bool) -> Option<String> {
        if is_it(&self.query) {
            return Some("query".to_owned());
        }
        self.documents.iter().position(is_it).map(|i| format!("documents[{i}]"))
    }
}

fn documents(value: Option<Value>) -> Result<Vec<Content>, RequestError> {
    let list = match value {
        Some(Value::Array(list)) => list,
        Some(one @ (Value::String(_) | Value::Object(_))) => vec![one],
        Some(_) => return Err(RequestError::invalid("documents must be a list")),
        None => return Err(RequestError::invalid("documents must be provided")),
    };
    if list.is_empty() {
        return Err(RequestError::invalid("list of documents must not be empty"));
    }
    if list.len() > MAX_DOCUMENTS {
        return Err(RequestError::invalid(format!(
            "{} documents were given; at most {MAX_DOCUMENTS} are scored in one call",
            list.len()
        )));
    }
    list.into_iter().enumerate().map(|(i, d)| Content::parse(d, &format!("documents[{i}]"))).collect()
}

//! The body of a request for embeddings.

use serde_json::{Map, Value};

use super::content::Content;
use super::encoding::EmbeddingFormat;
use super::error::RequestError;
use super::fields::{count, instruction, rate};
use super::limits::{MAX_BODY_BYTES, MAX_INPUTS};

/// A request for the vectors of texts and images.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbedRequest {
    /// The texts and images, each of which gets a vector.
    pub input: Vec<Content>,
    /// What they are to the search, which decides the words that the model reads before them.
    pub input_type: Option<InputType>,
    /// The task in one sentence, or the words before a text, instead of the model's default.
    pub instruction: Option<String>,
    /// How many values of each vector are kept, of a model that was trained for it (Matryoshka).
    pub dimensions: Option<usize>,
    /// How the values are written.
    pub encoding_format: EmbeddingFormat,
    /// The most tokens that are read of each input, instead of the model's own limit.
    pub max_length: Option<usize>,
    /// Frames per second that are sampled from a video with a known rate. The default is 1.
    pub fps: Option<f64>,
    /// The most frames of a video. The default is 64.
    pub max_frames: Option<usize>,
}

/// What inputs are to the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputType {
    /// They search.
    Query,
    /// They are found.
    Document,
}

impl InputType {
    /// By the names that services give them.
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "query" | "search_query" | "retrieval.query" => Some(Self::Query),
            "document" | "passage" | "search_document" | "retrieval.passage" => Some(Self::Document),
            _ => None,
        }
    }
}

impl EmbedRequest {
    /// Reads a body. Like servers, ignores unknown fields, and `model` too, since only one is loaded.
    ///
    /// ```
    /// use secondpass::api::{EmbedRequest, InputType};
    ///
    /// let request = EmbedRequest::from_json(r#"{"input": ["a planet", "a page"], "input_type": "document"}"#)?;
    /// assert_eq!((request.input.len(), request.input_type), (2, Some(InputType::Document)));
    /// # Ok::<(), secondpass::api::RequestError>(())
    /// ```
    pub fn from_json(body: &str) -> Result<Self, RequestError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(RequestError::invalid(format!("the body is longer than {MAX_BODY_BYTES} bytes")));
        }
        let Value::Object(mut fields) = serde_json::from_str(body)? else {
            return Err(RequestError::invalid("the body must be an object with input"));
        };
        Ok(Self {
            input: input(fields.remove("input"))?,
            input_type: input_type(&fields)?,
            instruction: instruction(&fields)?,
            dimensions: count(&fields, "dimensions")?,
            encoding_format: encoding_format(&fields)?,
            max_length: count(&fields, "max_length")?,
            fps: rate(&fields, "fps")?,
            max_frames: count(&fields, "max_frames")?,
        })
    }

    /// The first input with images or videos, as named in messages.
    pub fn first_media(&self) -> Option<String> {
        self.input.iter().position(Content::has_media).map(|i| format!("input[{i}]"))
    }
}

fn input(value: Option<Value>) -> Result<Vec<Content>, RequestError> {
    let list = match value {
        Some(Value::Array(list)) => list,
        Some(one @ (Value::String(_) | Value::Object(_))) => vec![one],
        Some(_) => return Err(RequestError::invalid("input must be a text or a list of texts")),
        None => return Err(RequestError::invalid("input must be provided")),
    };
    if list.is_empty() {
        return Err(RequestError::invalid("input must not be an empty list"));
    }
    if list.iter().any(|item| item.is_number() || item.is_array()) {
        return Err(RequestError::invalid("input holds token ids; give texts, which the model's own tokenizer reads"));
    }
    if list.len() > MAX_INPUTS {
        let given = list.len();
        return Err(RequestError::invalid(format!("{given} inputs were given; one call takes {MAX_INPUTS} at most")));
    }
    list.into_iter().enumerate().map(|(i, item)| Content::parse(item, &format!("input[{i}]"))).collect()
}

fn input_type(fields: &Map<String, Value>) -> Result<Option<InputType>, RequestError> {
    let names = "input_type must be \"query\" or \"document\"";
    match fields.get("input_type") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => match InputType::from_name(name) {
            Some(known) => Ok(Some(known)),
            None => Err(RequestError::invalid(format!("{names}, not \"{name}\""))),
        },
        Some(_) => Err(RequestError::invalid(names)),
    }
}

fn encoding_format(fields: &Map<String, Value>) -> Result<EmbeddingFormat, RequestError> {
    match fields.get("encoding_format") {
        None | Some(Value::Null) => Ok(EmbeddingFormat::Float),
        Some(value) => value.as_str().and_then(EmbeddingFormat::from_name).ok_or_else(|| {
            let names = EmbeddingFormat::ALL.map(|format| format!("\"{}\"", format.name())).join(", ");
            RequestError::invalid(format!("encoding_format must be one of {names}"))
        }),
    }
}

//! One query or document, in any of the spellings that servers accept.

use serde_json::Value;

use super::RequestError;
use super::request::MAX_TEXT_BYTES;

/// What a query or document is made of besides text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// A picture.
    Image,
    /// A video.
    Video,
}

/// One query or document.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// Its texts, in order.
    pub text: Vec<String>,
    /// Its pictures and videos, of which only the kind is known here.
    pub media: Vec<Media>,
    /// As it was given, to be returned with its score.
    pub original: Value,
}

impl Content {
    /// Reads a string, `{ text?, image?, video? }` or `{ content: [parts] }`. `place` names it in messages.
    pub(super) fn parse(value: Value, place: &str) -> Result<Self, RequestError> {
        let mut content = Self { text: Vec::new(), media: Vec::new(), original: Value::Null };
        match &value {
            Value::String(text) => content.text.push(text.clone()),
            Value::Object(fields) if fields.contains_key("content") => {
                content.parse_parts(&fields["content"], place)?
            }
            Value::Object(fields) if ["text", "image", "video"].iter().any(|key| fields.contains_key(*key)) => {
                for text in items(fields.get("text")) {
                    content.text.push(string(text, place)?);
                }
                content.media.extend(items(fields.get("video")).map(|_| Media::Video));
                content.media.extend(items(fields.get("image")).map(|_| Media::Image));
            }
            _ => {
                return Err(RequestError::invalid(format!(
                    "{place} must be a string, an object with text, image or video, or an object with content"
                )));
            }
        }
        if content.text.iter().map(String::len).sum::<usize>() > MAX_TEXT_BYTES {
            return Err(RequestError::invalid(format!("{place} is longer than {MAX_TEXT_BYTES} bytes")));
        }
        content.original = value;
        Ok(content)
    }

    fn parse_parts(&mut self, parts: &Value, place: &str) -> Result<(), RequestError> {
        for part in items(Some(parts)) {
            match part.get("type").and_then(Value::as_str) {
                Some("text") => self.text.push(string(part.get("text").unwrap_or(&Value::Null), place)?),
                Some("image_url" | "image") => self.media.push(Media::Image),
                Some("video_url" | "video") => self.media.push(Media::Video),
                _ if part.is_string() => self.text.push(string(part, place)?),
                _ => {
                    return Err(RequestError::invalid(format!(
                        "{place}.content holds a part whose type is not text, image_url or video_url"
                    )));
                }
            }
        }
        Ok(())
    }

    /// All texts, joined without a separator, as the reference does.
    pub fn joined_text(&self) -> String {
        self.text.concat()
    }
}

/// A field that may be absent, one item, or a list of items.
fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let slice = match value {
        None | Some(Value::Null) => &[],
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    slice.iter()
}

fn string(value: &Value, place: &str) -> Result<String, RequestError> {
    value.as_str().map(str::to_owned).ok_or_else(|| RequestError::invalid(format!("{place}: text must be a string")))
}

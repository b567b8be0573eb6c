//! One query or document, in any of the formats that rerank servers accept.

use serde_json::{Map, Value};

use super::error::RequestError;
use super::limits::{MAX_FRAMES, MAX_PICTURES, MAX_TEXT_BYTES};

/// The fields of which an object must have one to be a query or document.
const FIELDS: [&str; 3] = ["text", "image", "video"];

/// A reference to an image, which the caller of the engine resolves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ImageRef {
    /// A path, a URL or a `data:` URL.
    Url(String),
    /// The number of an attachment: bytes or pixels that were passed beside the body.
    Attachment(usize),
}

/// A video as a list of frames.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoRef {
    /// The frames in order.
    pub frames: Vec<ImageRef>,
    /// Frames per second, if `frames` are all frames of a video. They are then sampled.
    pub fps: Option<f64>,
    /// The time of each frame in seconds, if the caller has sampled the video.
    pub timestamps: Option<Vec<f64>>,
}

/// One query or document.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// Its texts in order.
    pub text: Vec<String>,
    /// Its images in order.
    pub images: Vec<ImageRef>,
    /// Its videos in order.
    pub videos: Vec<VideoRef>,
    /// The JSON value it was read from, which the response may repeat.
    pub original: Value,
}

impl Content {
    /// Reads a string, `{ text?, image?, video? }` or `{ content: [parts] }`. `location` is its name in messages.
    pub(super) fn parse(value: Value, location: &str) -> Result<Self, RequestError> {
        let mut content = Self { text: Vec::new(), images: Vec::new(), videos: Vec::new(), original: Value::Null };
        match &value {
            Value::String(text) => content.text.push(text.clone()),
            Value::Object(fields) if fields.contains_key("content") => {
                content.parse_parts(&fields["content"], location)?
            }
            // Search results may be passed as they are, so further fields are ignored if one of ours is there. The
            // reference scores an empty object as an empty text.
            Value::Object(fields) if fields.is_empty() || FIELDS.iter().any(|key| fields.contains_key(*key)) => {
                content.parse_fields(fields, location)?
            }
            _ => {
                return Err(RequestError::invalid(format!(
                    "{location} must be a string, an object with text, image or video, or an object with content"
                )));
            }
        }
        content.check(location)?;
        content.original = value;
        Ok(content)
    }

    fn parse_fields(&mut self, fields: &Map<String, Value>, location: &str) -> Result<(), RequestError> {
        for text in items(fields.get("text")) {
            self.text.push(string(text, location)?);
        }
        for image in items(fields.get("image")) {
            self.images.push(image_ref(image, location)?);
        }
        self.videos = videos(fields.get("video"), location)?;
        Ok(())
    }

    fn parse_parts(&mut self, parts: &Value, location: &str) -> Result<(), RequestError> {
        for part in items(Some(parts)) {
            let field = |names: [&str; 2]| names.iter().find_map(|n| part.get(*n)).unwrap_or(&Value::Null);
            match part.get("type").and_then(Value::as_str) {
                Some("text") => self.text.push(string(part.get("text").unwrap_or(&Value::Null), location)?),
                Some("image_url" | "image") => self.images.push(image_ref(field(["image_url", "image"]), location)?),
                Some("video_url" | "video") => {
                    self.videos.extend(videos(Some(field(["video_url", "video"])), location)?)
                }
                _ if part.is_string() => self.text.push(string(part, location)?),
                _ => {
                    return Err(RequestError::invalid(format!(
                        "{location}.content holds a part whose type is not text, image_url or video_url"
                    )));
                }
            }
        }
        Ok(())
    }

    fn check(&self, location: &str) -> Result<(), RequestError> {
        if self.text.iter().map(String::len).sum::<usize>() > MAX_TEXT_BYTES {
            return Err(RequestError::invalid(format!("{location} is longer than {MAX_TEXT_BYTES} bytes")));
        }
        if self.images.len() + self.videos.len() > MAX_PICTURES {
            return Err(RequestError::invalid(format!(
                "{location} holds more than {MAX_PICTURES} pictures and videos"
            )));
        }
        Ok(())
    }

    /// All texts, concatenated without a separator, as in the reference.
    pub fn joined_text(&self) -> String {
        self.text.concat()
    }

    /// Whether it has images or videos.
    pub fn has_media(&self) -> bool {
        !(self.images.is_empty() && self.videos.is_empty())
    }
}

/// The items of a field that may be absent, a single item or a list.
fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let slice = match value {
        None | Some(Value::Null) => &[],
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    slice.iter()
}

fn string(value: &Value, location: &str) -> Result<String, RequestError> {
    value.as_str().map(str::to_owned).ok_or_else(|| RequestError::invalid(format!("{location}: text must be a string")))
}

/// Reads `"path or URL"`, `{ "url": … }` or `{ "$attachment": … }`.
fn image_ref(value: &Value, location: &str) -> Result<ImageRef, RequestError> {
    let attachment = value.get("$attachment").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    match (value, value.get("url").unwrap_or(value), attachment) {
        (_, _, Some(n)) => Ok(ImageRef::Attachment(n)),
        (_, Value::String(url), _) if !url.trim().is_empty() => Ok(ImageRef::Url(url.clone())),
        _ => Err(RequestError::invalid(format!(
            "{location}: a picture must be a URL, a data: URL or an object with url, and not be empty"
        ))),
    }
}

/// Reads one or several videos. A list of images is one video, as in the reference; a list of lists or of objects with
/// frames is several.
fn videos(value: Option<&Value>, location: &str) -> Result<Vec<VideoRef>, RequestError> {
    let nested = |v: &Value| v.is_array() || v.get("frames").is_some();
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) if list.is_empty() => Ok(Vec::new()),
        Some(Value::Array(list)) if list.iter().any(nested) => list.iter().map(|v| video(v, location)).collect(),
        Some(one) => Ok(vec![video(one, location)?]),
    }
}

fn video(value: &Value, location: &str) -> Result<VideoRef, RequestError> {
    let invalid = |what: &str| RequestError::invalid(format!("{location}: {what}"));
    let frames = match value {
        Value::Array(list) => list,
        Value::Object(fields) if fields.get("frames").is_some_and(Value::is_array) => {
            fields["frames"].as_array().ok_or_else(|| invalid("frames must be a list"))?
        }
        _ => {
            return Err(invalid(
                "a video must be a list of frames, or { frames, fps } or { frames, timestamps }; video files are not decoded here",
            ));
        }
    };
    if frames.is_empty() || frames.len() > MAX_FRAMES {
        return Err(invalid(&format!("a video must have 1 to {MAX_FRAMES} frames")));
    }
    let number = |v: &Value| v.as_f64().filter(|n| n.is_finite() && *n >= 0.0);
    let fps = match value.get("fps") {
        None | Some(Value::Null) => None,
        Some(v) => Some(number(v).filter(|n| *n > 0.0).ok_or_else(|| invalid("a video's fps must be above 0"))?),
    };
    let timestamps = match value.get("timestamps") {
        None | Some(Value::Null) => None,
        Some(v) => {
            let times: Option<Vec<f64>> = v.as_array().and_then(|list| list.iter().map(number).collect());
            let times = times.filter(|t| t.len() == frames.len() && t.is_sorted());
            Some(times.ok_or_else(|| invalid("timestamps must be one ascending number of seconds for each frame"))?)
        }
    };
    let frames = frames.iter().map(|f| image_ref(f, location)).collect::<Result<_, _>>()?;
    Ok(VideoRef { frames, fps, timestamps })
}

//! One query or document, in any of the spellings that servers accept.

use serde_json::{Map, Value};

use super::RequestError;
use super::request::MAX_TEXT_BYTES;

/// Pictures of one query or document, and videos of one. A picture is up to 1,280 tokens of a prompt of 10,240.
pub const MAX_PICTURES: usize = 64;
/// Frames that one video may list; of these at most `max_frames` are looked at.
pub const MAX_FRAMES: usize = 4096;

const FIELDS: [&str; 3] = ["text", "image", "video"];

/// Where a picture is to be had. The engine's caller resolves it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ImageRef {
    /// A path, a URL or a `data:` URL.
    Url(String),
    /// Bytes or pixels that came beside the body, by their number.
    Attachment(usize),
}

/// A video as a list of frames.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoRef {
    /// The frames, in order.
    pub frames: Vec<ImageRef>,
    /// Frames a second, where `frames` are all frames of a real video; they are then sampled as the reference does.
    pub fps: Option<f64>,
    /// The time of each frame in seconds, where the caller sampled the video.
    pub timestamps: Option<Vec<f64>>,
}

/// One query or document.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// Its texts, in order.
    pub text: Vec<String>,
    /// Its pictures.
    pub images: Vec<ImageRef>,
    /// Its videos.
    pub videos: Vec<VideoRef>,
    /// As it was given, to be returned with its score.
    pub original: Value,
}

impl Content {
    /// Reads a string, `{ text?, image?, video? }` or `{ content: [parts] }`. `place` names it in messages.
    pub(super) fn parse(value: Value, place: &str) -> Result<Self, RequestError> {
        let mut content = Self { text: Vec::new(), images: Vec::new(), videos: Vec::new(), original: Value::Null };
        match &value {
            Value::String(text) => content.text.push(text.clone()),
            Value::Object(fields) if fields.contains_key("content") => {
                content.parse_parts(&fields["content"], place)?
            }
            // Hits of a search carry other fields too; those are ignored as long as one of ours is there. An object
            // with nothing in it is an empty side, which the reference scores.
            Value::Object(fields) if fields.is_empty() || FIELDS.iter().any(|key| fields.contains_key(*key)) => {
                content.parse_fields(fields, place)?
            }
            _ => {
                return Err(RequestError::invalid(format!(
                    "{place} must be a string, an object with text, image or video, or an object with content"
                )));
            }
        }
        content.check(place)?;
        content.original = value;
        Ok(content)
    }

    fn parse_fields(&mut self, fields: &Map<String, Value>, place: &str) -> Result<(), RequestError> {
        for text in items(fields.get("text")) {
            self.text.push(string(text, place)?);
        }
        for image in items(fields.get("image")) {
            self.images.push(image_ref(image, place)?);
        }
        self.videos = videos(fields.get("video"), place)?;
        Ok(())
    }

    fn parse_parts(&mut self, parts: &Value, place: &str) -> Result<(), RequestError> {
        for part in items(Some(parts)) {
            let field = |names: [&str; 2]| names.iter().find_map(|n| part.get(*n)).unwrap_or(&Value::Null);
            match part.get("type").and_then(Value::as_str) {
                Some("text") => self.text.push(string(part.get("text").unwrap_or(&Value::Null), place)?),
                Some("image_url" | "image") => self.images.push(image_ref(field(["image_url", "image"]), place)?),
                Some("video_url" | "video") => self.videos.extend(videos(Some(field(["video_url", "video"])), place)?),
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

    fn check(&self, place: &str) -> Result<(), RequestError> {
        if self.text.iter().map(String::len).sum::<usize>() > MAX_TEXT_BYTES {
            return Err(RequestError::invalid(format!("{place} is longer than {MAX_TEXT_BYTES} bytes")));
        }
        if self.images.len() + self.videos.len() > MAX_PICTURES {
            return Err(RequestError::invalid(format!("{place} holds more than {MAX_PICTURES} pictures and videos")));
        }
        Ok(())
    }

    /// All texts, joined without a separator, as the reference does.
    pub fn joined_text(&self) -> String {
        self.text.concat()
    }

    /// Whether there is anything besides text.
    pub fn has_media(&self) -> bool {
        !(self.images.is_empty() && self.videos.is_empty())
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

/// `"path or URL"`, `{ "url": … }`, or a reference to what the page sent beside the body.
fn image_ref(value: &Value, place: &str) -> Result<ImageRef, RequestError> {
    let attachment = value.get("$attachment").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    match (value, value.get("url").unwrap_or(value), attachment) {
        (_, _, Some(n)) => Ok(ImageRef::Attachment(n)),
        (_, Value::String(url), _) if !url.trim().is_empty() => Ok(ImageRef::Url(url.clone())),
        _ => Err(RequestError::invalid(format!(
            "{place}: a picture must be a URL, a data: URL or an object with url, and not be empty"
        ))),
    }
}

/// A list of pictures is one video, as in the reference; a list of lists or of objects with frames is several.
fn videos(value: Option<&Value>, place: &str) -> Result<Vec<VideoRef>, RequestError> {
    let nested = |v: &Value| v.is_array() || v.get("frames").is_some();
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) if list.is_empty() => Ok(Vec::new()),
        Some(Value::Array(list)) if list.iter().any(nested) => list.iter().map(|v| video(v, place)).collect(),
        Some(one) => Ok(vec![video(one, place)?]),
    }
}

fn video(value: &Value, place: &str) -> Result<VideoRef, RequestError> {
    let invalid = |what: &str| RequestError::invalid(format!("{place}: {what}"));
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
    let frames = frames.iter().map(|f| image_ref(f, place)).collect::<Result<_, _>>()?;
    Ok(VideoRef { frames, fps, timestamps })
}

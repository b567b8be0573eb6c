//! Documents and queries as BEIR lays them out: an object on each line.

use std::path::Path;

use serde::Deserialize;

use super::error::{EvalError, LineFault};
use super::lines::for_each_line;
use crate::api::{Content, ImageRef, MAX_PICTURES, MAX_TEXT_BYTES};
use crate::cli::model::url;

/// What a document or a query holds.
#[derive(Debug)]
pub struct CollectionEntry {
    /// Title and text, joined by a space as BEIR joins them.
    pub text: String,
    /// Paths or URLs.
    pub pictures: Vec<String>,
    /// Where it stands in its file, from 1.
    pub line: usize,
}

impl CollectionEntry {
    /// As requests hold it.
    pub fn content(&self) -> Content {
        Content {
            text: vec![self.text.clone()],
            images: self.pictures.iter().cloned().map(ImageRef::Url).collect(),
            videos: Vec::new(),
            original: serde_json::Value::Null,
        }
    }
}

#[derive(Deserialize)]
struct EntryJson {
    #[serde(rename = "_id")]
    id: Option<IdJson>,
    title: Option<String>,
    text: Option<String>,
    image: Option<PicturesJson>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "_id must be a text or a whole number")]
enum IdJson {
    Text(String),
    Number(u64),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "image must be a path or a list of paths")]
enum PicturesJson {
    One(String),
    Several(Vec<String>),
}

/// Calls `add` with the id and the content of each line.
pub fn read_entries(
    path: &Path,
    mut add: impl FnMut(String, CollectionEntry) -> Result<(), LineFault>,
) -> Result<(), EvalError> {
    for_each_line(path, |line, text| {
        let (id, entry) = parse_entry(text, line, path)?;
        add(id, entry)
    })
}

fn parse_entry(line: &str, number: usize, path: &Path) -> Result<(String, CollectionEntry), LineFault> {
    let EntryJson { id, title, text, image } = serde_json::from_str(line).map_err(json_fault)?;
    let id = match id {
        Some(IdJson::Text(id)) if !id.trim().is_empty() => id,
        Some(IdJson::Number(id)) => id.to_string(),
        _ => return Err(LineFault::NoId),
    };
    if title.is_none() && text.is_none() && image.is_none() {
        return Err(LineFault::NoContent);
    }
    let text = format!("{} {}", title.unwrap_or_default(), text.unwrap_or_default()).trim().to_owned();
    if text.len() > MAX_TEXT_BYTES {
        return Err(LineFault::LongText { limit: MAX_TEXT_BYTES });
    }
    let pictures = match image {
        None => Vec::new(),
        Some(PicturesJson::One(picture)) => vec![picture],
        Some(PicturesJson::Several(pictures)) => pictures,
    };
    if pictures.len() > MAX_PICTURES {
        return Err(LineFault::ManyPictures { limit: MAX_PICTURES });
    }
    let pictures = pictures.iter().map(|picture| beside(path, picture)).collect();
    Ok((id, CollectionEntry { text, pictures, line: number }))
}

/// The message without the place in the line's own text, which would read as a place in the file.
fn json_fault(error: serde_json::Error) -> LineFault {
    let message = error.to_string();
    let what = message.rsplit_once(" at line ").map_or(message.as_str(), |(what, _)| what);
    LineFault::Json(match error.column() {
        0 => what.to_owned(),
        column => format!("{what}, at column {column}"),
    })
}

/// A picture's path beside the file that names it; URLs stay as they are.
fn beside(file: &Path, picture: &str) -> String {
    let is_complete = ["data:", "file://"].iter().any(|start| picture.starts_with(start));
    match is_complete || url(Path::new(picture)).is_some() {
        true => picture.to_owned(),
        false => file.with_file_name("").join(picture).to_string_lossy().into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<(String, CollectionEntry), LineFault> {
        parse_entry(line, 3, Path::new("data/corpus.jsonl"))
    }

    #[test]
    fn a_line_gives_an_id_a_text_and_pictures() {
        let (id, entry) =
            parse(r#"{"_id": 7, "title": "A", "text": "b", "image": "p/a.png", "url": [1]}"#).expect("it");
        assert_eq!((id.as_str(), entry.text.as_str(), entry.line), ("7", "A b", 3));
        assert_eq!(entry.pictures, ["data/p/a.png"]);
        let (_, entry) = parse(r#"{"_id": "x", "text": " b ", "image": ["http://a/b.png", "data:,"]}"#).expect("it");
        assert_eq!((entry.text.as_str(), entry.pictures.len()), ("b", 2));
        assert_eq!(entry.pictures[0], "http://a/b.png");
        assert!(parse(r#"{"_id": "x", "text": ""}"#).is_ok(), "collections have empty documents");
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        let long = format!(r#"{{"_id": "x", "text": "{}"}}"#, "a".repeat(MAX_TEXT_BYTES + 1));
        let deep = "[".repeat(10_000);
        for (line, says) in [
            ("{\"_id\": \"a\",", "EOF while parsing"),
            ("[1, 2]", "an object with _id"),
            (&deep, "at column"),
            (r#"{"text": "a"}"#, "_id is missing"),
            (r#"{"_id": "  ", "text": "a"}"#, "_id is missing"),
            (r#"{"_id": [1], "text": "a"}"#, "a text or a whole number"),
            (r#"{"_id": "a"}"#, "neither text nor title"),
            (r#"{"_id": "a", "text": 3}"#, "expected a string, at column 22"),
            (r#"{"_id": "a", "text": "b", "image": {}}"#, "a path or a list"),
            (&long, "longer than"),
        ] {
            let fault = parse(line).expect_err("a fault").to_string();
            assert!(fault.contains(says), "{fault}");
        }
    }
}

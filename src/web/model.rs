//! A model at a URL: a folder, or GGUF files.

use web_sys::AbortSignal;

use super::http::{HttpFolder, Report};
use crate::engine::{FileIn, ModelFiles};

/// Where a model's files are.
pub struct Places {
    model: (HttpFolder, Option<String>),
    vision: Option<(HttpFolder, String)>,
}

impl Places {
    /// A URL whose path ends in `.gguf` is a file's, any other a folder's.
    pub fn new(model: &str, vision: Option<&str>, signal: &AbortSignal, report: Report) -> Self {
        let folder = |url: &str| HttpFolder::new(url, signal.clone(), report.clone());
        let file = |url: &str| {
            let (parent, name) = split(url);
            (folder(&parent), name)
        };
        let model = if is_gguf(model) {
            let (folder, name) = file(model);
            (folder, Some(name))
        } else {
            (folder(model), None)
        };
        Self { model, vision: vision.map(file) }
    }

    /// As the engine takes them.
    pub fn files(&self) -> ModelFiles<'_> {
        let (folder, file) = &self.model;
        let Some(name) = file else { return ModelFiles::Folder(folder) };
        let vision = self.vision.as_ref().map(|(folder, name)| FileIn { folder, name: name.clone() });
        ModelFiles::Gguf { text: FileIn { folder, name: name.clone() }, vision }
    }
}

fn is_gguf(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.to_ascii_lowercase().ends_with(".gguf")
}

/// The folder, which keeps the query string for each of its files, and the file's name.
fn split(url: &str) -> (String, String) {
    let (path, query) = match url.find(['?', '#']) {
        Some(at) => url.split_at(at),
        None => (url, ""),
    };
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    (format!("{parent}/{query}"), name.to_owned())
}

//! Where a model is: in a folder at a URL, in GGUF files at URLs, or in files that the user picked.

use std::rc::Rc;

use super::download::{Downloads, UrlFolder};
use super::storage::{Blob, BlobFolder};
use crate::engine::{FileIn, ModelFiles};
use crate::weights::{Folder, WeightsError};

/// The file of a folder whose length decides whether there is room.
const LARGEST: &str = "model.safetensors";

/// A URL, or a picked file.
pub enum Place {
    Url(String),
    Blob(Blob),
}

enum Root {
    Url(UrlFolder),
    Blob(BlobFolder),
}

impl Root {
    fn folder(&self) -> &dyn Folder {
        match self {
            Self::Url(folder) => folder,
            Self::Blob(folder) => folder,
        }
    }
}

/// A model's files.
pub struct Places {
    downloads: Rc<Downloads>,
    model: (Root, Option<String>),
    vision: Option<(Root, String)>,
}

impl Places {
    /// A URL whose path ends in `.gguf` is a file's, any other a folder's.
    pub fn new(model: Place, vision: Option<Place>, downloads: &Rc<Downloads>) -> Self {
        let model = match model {
            Place::Url(url) if !is_gguf(&url) => (Root::Url(UrlFolder::new(&url, downloads)), None),
            other => {
                let (root, name) = file(other, "model.gguf", downloads);
                (root, Some(name))
            }
        };
        let vision = vision.map(|place| file(place, "mmproj.gguf", downloads));
        Self { downloads: downloads.clone(), model, vision }
    }

    /// Looks at the large files, so that a lack of room is known before any of them is fetched.
    pub async fn prepare(&self) -> Result<(), WeightsError> {
        let model = (&self.model.0, self.model.1.as_deref().unwrap_or(LARGEST));
        let vision = self.vision.as_ref().filter(|_| self.model.1.is_some()).map(|(root, name)| (root, name.as_str()));
        let large = [Some(model), vision].into_iter().flatten().filter_map(|(root, name)| match root {
            Root::Url(folder) => Some((folder.url_of(name), name.to_owned())),
            Root::Blob(_) => None,
        });
        self.downloads.prepare(&large.collect::<Vec<_>>()).await
    }

    /// As the engine takes them.
    pub fn files(&self) -> ModelFiles<'_> {
        let folder = self.model.0.folder();
        let Some(name) = &self.model.1 else { return ModelFiles::Folder(folder) };
        let vision = self.vision.as_ref().map(|(root, name)| FileIn { folder: root.folder(), name: name.clone() });
        ModelFiles::Gguf { text: FileIn { folder, name: name.clone() }, vision }
    }

    /// The files that did not come from a URL.
    pub fn picked(&self) -> impl Iterator<Item = (&dyn Folder, &str)> {
        let model = self.model.1.as_deref().map(|name| (&self.model.0, name));
        let vision = self.vision.as_ref().map(|(root, name)| (root, name.as_str()));
        [model, vision]
            .into_iter()
            .flatten()
            .filter(|(root, _)| matches!(root, Root::Blob(_)))
            .map(|(root, name)| (root.folder(), name))
    }

    /// The names of the model's and of the vision tower's file.
    pub fn names(model: &Place, vision: Option<&Place>) -> (String, Option<String>) {
        let name = |place: &Place, otherwise: &str| match place {
            Place::Url(url) if is_gguf(url) => split(url).1,
            Place::Url(_) => LARGEST.to_owned(),
            Place::Blob(blob) => blob.name().unwrap_or_else(|| otherwise.to_owned()),
        };
        (name(model, "model.gguf"), vision.map(|v| name(v, "mmproj.gguf")))
    }
}

fn file(place: Place, otherwise: &str, downloads: &Rc<Downloads>) -> (Root, String) {
    match place {
        Place::Url(url) => {
            let (parent, name) = split(&url);
            (Root::Url(UrlFolder::new(&parent, downloads)), name)
        }
        Place::Blob(blob) => {
            let folder = BlobFolder::new(blob, otherwise);
            let name = folder.name().to_owned();
            (Root::Blob(folder), name)
        }
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
    let query = query.split('#').next().unwrap_or_default();
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    (format!("{parent}/{query}"), name.to_owned())
}

//! Where a model is: in a folder at a URL, in GGUF files at URLs, or in files that the user picked.

use std::rc::Rc;

use super::download::{Downloads, UrlFolder};
use super::storage::{Blob, BlobFolder};
use crate::Error;
use crate::api::RequestError;
use crate::bytes::{Folder, WeightsError};
use crate::engine::{FileIn, ModelFiles};
use crate::weights::{Checkpoint, gguf};

/// The file that `model` stands for where the model is a folder.
const LARGEST: &str = "model.safetensors";
/// What a folder has beside its weights.
const SMALL: [&str; 2] = ["config.json", "tokenizer.json"];

/// What the files are called in `integrity`; picked ones are nowhere else either.
const MODEL: &str = "model";
const VISION: &str = "vision";

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
        let places = Self { downloads: downloads.clone(), model, vision };
        places.parts().for_each(|(part, root, name)| downloads.hashes.assign(part, &place_of(part, root, name)));
        places
    }

    /// The files that the page named. A folder has its vision tower in it.
    fn parts(&self) -> impl Iterator<Item = (&'static str, &Root, &str)> {
        let model = (MODEL, &self.model.0, self.model.1.as_deref().unwrap_or(LARGEST));
        let vision = self.vision.as_ref().filter(|_| self.model.1.is_some());
        [Some(model), vision.map(|(root, name)| (VISION, root, name.as_str()))].into_iter().flatten()
    }

    /// Looks at all files of weights, so that a lack of room, or a hash of none of them, is known before any of them is
    /// fetched.
    pub async fn prepare(&self) -> Result<(), Error> {
        let places: Vec<String> = self.parts().map(|(part, root, name)| place_of(part, root, name)).collect();
        if places.len() == 2 && places[0] == places[1] {
            let detail = "model and vision are the same file; give the model's mmproj file as vision, or leave it out";
            return Err(RequestError::invalid(detail).into());
        }
        let mut files = Vec::new();
        for (part, root, name) in self.parts() {
            let there = match root {
                Root::Url(folder) => self.downloads.prepare(&folder.url_of(name), name, false).await?,
                Root::Blob(_) => {
                    self.downloads.hashes.meet(part, name);
                    true
                }
            };
            if there {
                files.push(name.to_owned());
            }
        }
        if let Root::Url(folder) = &self.model.0 {
            match self.more(folder, &files).await {
                // The load says so, once it has seen whether the rest is there.
                Err(WeightsError::NotFound { .. }) => return Ok(()),
                more => files.extend(more?),
            }
        }
        self.check_hashes(&files)?;
        Ok(self.downloads.check_room().await?)
    }

    /// The further files of a model at a URL.
    async fn more(&self, folder: &UrlFolder, found: &[String]) -> Result<Vec<String>, WeightsError> {
        let mut files = Vec::new();
        let weights = match &self.model.1 {
            Some(name) => gguf::parts_by_name(name),
            None => {
                for name in SMALL {
                    self.downloads.hashes.meet(&folder.url_of(name), name);
                    files.push(name.to_owned());
                }
                if found.is_empty() { Checkpoint::shards(folder).await? } else { Vec::new() }
            }
        };
        for name in weights {
            if self.downloads.prepare(&folder.url_of(&name), &name, true).await? {
                files.push(name);
            }
        }
        Ok(files)
    }

    /// A hash that nothing would be compared with is a mistake, and one that nobody would notice.
    fn check_hashes(&self, files: &[String]) -> Result<(), RequestError> {
        let Some(unmet) = self.downloads.hashes.unmet() else { return Ok(()) };
        let stands = match (unmet, &self.model.1) {
            (MODEL, None) => format!(", which stands for {LARGEST}"),
            _ => String::new(),
        };
        Err(RequestError::invalid(format!(
            "integrity has a hash of {unmet}{stands}, and no such file is loaded. Give hashes of the files that are: {}",
            files.join(", ")
        )))
    }

    /// As the engine takes them.
    pub fn files(&self) -> ModelFiles<'_> {
        let folder = self.model.0.folder();
        let Some(name) = &self.model.1 else { return ModelFiles::Folder(folder) };
        let vision = self.vision.as_ref().map(|(root, name)| FileIn { folder: root.folder(), name: name.clone() });
        ModelFiles::Gguf { text: FileIn { folder, name: name.clone() }, vision }
    }

    /// The files that did not come from a URL, and what `integrity` calls them.
    pub fn picked(&self) -> impl Iterator<Item = (&dyn Folder, &'static str, &str)> {
        let picked = self.parts().filter(|(_, root, _)| matches!(root, Root::Blob(_)));
        picked.map(|(part, root, name)| (root.folder(), part, name))
    }
}

fn place_of(part: &str, root: &Root, name: &str) -> String {
    match root {
        Root::Url(folder) => folder.url_of(name),
        Root::Blob(_) => part.to_owned(),
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

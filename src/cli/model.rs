//! A model on the command line: a folder, or GGUF files; on this machine, or under a URL.

use std::path::Path;

use crate::bytes::{DirectoryFolder, Folder, UrlFolder};
use crate::engine::{FileIn, ModelFiles};

/// Where a model's files are.
pub struct Places {
    model: (Box<dyn Folder>, Option<String>),
    vision: Option<(Box<dyn Folder>, String)>,
}

impl Places {
    /// A path that ends in `.gguf` is a file, any other a folder.
    pub fn new(model: &Path, vision: Option<&Path>) -> Result<Self, String> {
        let is_gguf = model.extension().is_some_and(|e| e.eq_ignore_ascii_case("gguf")) && !model.is_dir();
        if !is_gguf && model.is_file() {
            return Err(format!(
                "{} is a single file; give the folder that holds it, with config.json and tokenizer.json beside it, or a .gguf file",
                model.display()
            ));
        }
        match vision {
            Some(_) if !is_gguf => {
                return Err("--vision goes with a .gguf model only: a folder holds its vision tower itself".to_owned());
            }
            Some(path) if path.is_dir() => {
                return Err(format!("--vision {} is a folder; give the mmproj file in it", path.display()));
            }
            _ => {}
        }
        let model = match is_gguf {
            true => {
                let (folder, name) = split(model);
                (folder, Some(name))
            }
            false => (folder(model), None),
        };
        Ok(Self { model, vision: vision.map(split) })
    }

    /// As the engine takes them.
    pub fn files(&self) -> ModelFiles<'_> {
        let (folder, file) = &self.model;
        let Some(name) = file else { return ModelFiles::Folder(&**folder) };
        let vision = self.vision.as_ref().map(|(folder, name)| FileIn { folder: &**folder, name: name.clone() });
        ModelFiles::Gguf { text: FileIn { folder: &**folder, name: name.clone() }, vision }
    }
}

/// What was given, if it is a URL.
pub fn url(given: &Path) -> Option<&str> {
    given.to_str().filter(|text| text.starts_with("http://") || text.starts_with("https://"))
}

fn folder(given: &Path) -> Box<dyn Folder> {
    match url(given) {
        Some(url) => Box::new(UrlFolder::new(url)),
        None => Box::new(DirectoryFolder::new(given)),
    }
}

fn split(path: &Path) -> (Box<dyn Folder>, String) {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    (folder(parent), name)
}

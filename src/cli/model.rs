//! A model on the command line: a folder or GGUF files, on disk, under a URL or on a hub.

use std::path::{Path, PathBuf};

use crate::bytes::{DEFAULT_HUB, DirectoryFolder, FileAddress, Folder, UrlFolder, hub_url};
use crate::engine::{FileLocation, ModelLocation};

/// Names another hub for addresses that begin with `hf:`, as it does for Hugging Face's own tools.
const HUB_VARIABLE: &str = "HF_ENDPOINT";

/// Where the arguments of a command say that a model is.
pub struct ModelPath {
    model: (Box<dyn Folder>, Option<String>),
    vision: Option<(Box<dyn Folder>, String)>,
}

impl ModelPath {
    /// A path or a URL that ends in `.gguf` is a file, any other a folder.
    pub fn new(model: &Path, vision: Option<&Path>) -> Result<Self, String> {
        let (model, vision) = (resolved(model)?, vision.map(resolved).transpose()?);
        let (model, vision) = (model.as_path(), vision.as_deref());
        let is_gguf = is_gguf(model);
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
        let model = if is_gguf {
            let (folder, name) = split(model);
            (folder, Some(name))
        } else {
            (folder(model), None)
        };
        Ok(Self { model, vision: vision.map(split) })
    }

    /// As the engine takes it.
    pub fn location(&self) -> ModelLocation<'_> {
        let (folder, file) = &self.model;
        let Some(name) = file else { return ModelLocation::Folder(&**folder) };
        let vision = self.vision.as_ref().map(|(folder, name)| FileLocation { folder: &**folder, name: name.clone() });
        ModelLocation::Gguf { text: FileLocation { folder: &**folder, name: name.clone() }, vision }
    }
}

/// The argument, or the URL of what it names on a hub.
fn resolved(argument: &Path) -> Result<PathBuf, String> {
    let hub = std::env::var(HUB_VARIABLE).unwrap_or_else(|_| DEFAULT_HUB.to_owned());
    match argument.to_str().and_then(|text| hub_url(text, &hub)) {
        Some(url) => url.map(PathBuf::from).map_err(|error| error.to_string()),
        None => Ok(argument.to_owned()),
    }
}

/// The argument, if it is a URL.
pub fn url(argument: &Path) -> Option<&str> {
    argument.to_str().filter(|text| text.starts_with("http://") || text.starts_with("https://"))
}

fn is_gguf(argument: &Path) -> bool {
    match url(argument) {
        Some(url) => FileAddress::from_url(url).is_gguf(),
        None => argument.extension().is_some_and(|e| e.eq_ignore_ascii_case("gguf")) && !argument.is_dir(),
    }
}

fn folder(argument: &Path) -> Box<dyn Folder> {
    match url(argument) {
        Some(url) => Box::new(UrlFolder::new(url)),
        None => Box::new(DirectoryFolder::new(argument)),
    }
}

fn split(argument: &Path) -> (Box<dyn Folder>, String) {
    match url(argument) {
        Some(url) => {
            let FileAddress { folder, name } = FileAddress::from_url(url);
            (Box::new(UrlFolder::new(&folder)), name)
        }
        None => {
            let parent = argument.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            (folder(parent), argument.file_name().unwrap_or_default().to_string_lossy().into_owned())
        }
    }
}

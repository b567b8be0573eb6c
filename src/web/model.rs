//! Where a page says that a model is: a folder at a URL, GGUF files at URLs, or picked files.

use std::rc::Rc;

use super::download::{DownloadFolder, Downloads};
use super::storage::{Blob, BlobFolder};
use crate::Error;
use crate::api::RequestError;
use crate::bytes::{FileAddress, Folder, SourceError};
use crate::engine::{FileLocation, Manifest, ModelLocation};
use crate::model::Task;
use crate::weights::SINGLE_FILE;

/// The roles by which `integrity` may name files; picked files have no other address.
const MODEL: &str = "model";
const VISION: &str = "vision";

/// A URL, or a picked file.
pub enum PageFile {
    Url(String),
    Picked(Blob),
}

enum PageFolder {
    Url(DownloadFolder),
    Picked(BlobFolder),
}

impl PageFolder {
    fn folder(&self) -> &dyn Folder {
        match self {
            Self::Url(folder) => folder,
            Self::Picked(folder) => folder,
        }
    }
}

/// A file or a folder that the page named.
struct NamedLocation {
    folder: PageFolder,
    /// None for a folder.
    name: Option<String>,
}

/// A file that the page named, or for which the folder that it named stands.
struct RoleFile<'a> {
    role: &'static str,
    folder: &'a PageFolder,
    name: &'a str,
}

impl RoleFile<'_> {
    /// What tells it from other files.
    fn address(&self) -> String {
        match self.folder {
            PageFolder::Url(folder) => folder.url_of(self.name),
            PageFolder::Picked(_) => self.role.to_owned(),
        }
    }
}

/// A model as a page names it.
pub struct PageModel {
    downloads: Rc<Downloads>,
    model: NamedLocation,
    vision: Option<NamedLocation>,
}

impl PageModel {
    /// A URL whose path ends in `.gguf` is a file's, any other a folder's.
    pub fn new(model: PageFile, vision: Option<PageFile>, downloads: &Rc<Downloads>) -> Self {
        let model = match model {
            PageFile::Url(url) if !FileAddress::from_url(&url).is_gguf() => {
                NamedLocation { folder: PageFolder::Url(DownloadFolder::new(&url, downloads)), name: None }
            }
            file => locate(file, "model.gguf", downloads),
        };
        let vision = vision.map(|file| locate(file, "mmproj.gguf", downloads));
        let page_model = Self { downloads: downloads.clone(), model, vision };
        page_model.role_files().for_each(|file| downloads.hashes.assign(file.role, &file.address()));
        page_model
    }

    /// The files with roles. A folder holds its vision tower itself.
    fn role_files(&self) -> impl Iterator<Item = RoleFile<'_>> {
        let name = self.model.name.as_deref().unwrap_or(SINGLE_FILE);
        let model = RoleFile { role: MODEL, folder: &self.model.folder, name };
        let vision = self.vision.as_ref().filter(|_| self.model.name.is_some());
        let vision = vision.map(|file| RoleFile {
            role: VISION,
            folder: &file.folder,
            name: file.name.as_deref().unwrap_or_default(),
        });
        [Some(model), vision].into_iter().flatten()
    }

    /// Opens all files, so that a lack of room, or a hash of none of them, is known before any of them is transferred.
    /// They may have `most` bytes together.
    pub async fn manifest(&self, task: Task, most: Option<u64>) -> Result<Manifest, Error> {
        let addresses: Vec<String> = self.role_files().map(|file| file.address()).collect();
        if addresses.len() == 2 && addresses[0] == addresses[1] {
            let detail = "model and vision are the same file; give the model's mmproj file as vision, or leave it out";
            return Err(RequestError::invalid(detail).into());
        }
        for file in self.role_files().filter(|file| matches!(file.folder, PageFolder::Picked(_))) {
            self.downloads.hashes.mark_used(file.role, file.name);
        }
        let manifest = Manifest::open_for(&self.location(), task).await?;
        self.check_hashes(&manifest)?;
        let bytes = manifest.bytes();
        if let Some(most) = most.filter(|&most| bytes > most) {
            return Err(SourceError::TooLarge { bytes, most }.into());
        }
        self.downloads.check_room().await?;
        Ok(manifest)
    }

    /// A hash that nothing would be compared with is a mistake that nobody would notice.
    fn check_hashes(&self, manifest: &Manifest) -> Result<(), RequestError> {
        // That a file is missing is reported by the load.
        if manifest.files().any(|file| !file.exists()) {
            return Ok(());
        }
        let Some(unused) = self.downloads.hashes.unused() else { return Ok(()) };
        let stands_for = match (unused, &self.model.name) {
            (MODEL, None) => format!(", which stands for {SINGLE_FILE}"),
            _ => String::new(),
        };
        let files: Vec<&str> = manifest.files().map(|file| file.name()).collect();
        Err(RequestError::invalid(format!(
            "integrity has a hash of {unused}{stands_for}, and no such file is loaded. Give hashes of the files that are: {}",
            files.join(", ")
        )))
    }

    fn location(&self) -> ModelLocation<'_> {
        let folder = self.model.folder.folder();
        let Some(name) = &self.model.name else { return ModelLocation::Folder(folder) };
        let vision = self
            .vision
            .as_ref()
            .map(|file| FileLocation { folder: file.folder.folder(), name: file.name.clone().unwrap_or_default() });
        ModelLocation::Gguf { text: FileLocation { folder, name: name.clone() }, vision }
    }

    /// The picked files: folder, role and name.
    pub fn picked(&self) -> impl Iterator<Item = (&dyn Folder, &'static str, &str)> {
        let picked = self.role_files().filter(|file| matches!(file.folder, PageFolder::Picked(_)));
        picked.map(|file| (file.folder.folder(), file.role, file.name))
    }
}

fn locate(file: PageFile, unnamed: &str, downloads: &Rc<Downloads>) -> NamedLocation {
    match file {
        PageFile::Url(url) => {
            let FileAddress { folder, name } = FileAddress::from_url(&url);
            NamedLocation { folder: PageFolder::Url(DownloadFolder::new(&folder, downloads)), name: Some(name) }
        }
        PageFile::Picked(blob) => {
            let folder = BlobFolder::new(blob, unnamed);
            let name = Some(folder.name().to_owned());
            NamedLocation { folder: PageFolder::Picked(folder), name }
        }
    }
}

//! Which files a model consists of. Made once: the prefetch of a page looks at the files, and the engine reads them.

use super::description_files::DescriptionFiles;
use crate::bytes::{Folder, FolderFile, SourceError, read_json};
use crate::model::{ConfigFiles, Family, MAX_CONFIG_BYTES, ModelConfig, PREPROCESSOR, Task};
use crate::weights::{WeightsError, gguf, open_safetensors};

/// A file in a folder.
#[derive(Clone)]
pub struct FileLocation<'a> {
    /// The folder.
    pub folder: &'a dyn Folder,
    /// The file's name in it.
    pub name: String,
}

/// Where a model is.
pub enum ModelLocation<'a> {
    /// A folder with `config.json`, `tokenizer.json` and safetensors, in the layout of Hugging Face.
    Folder(&'a dyn Folder),
    /// GGUF files.
    Gguf {
        /// The language model, or the first of its parts if it was split.
        text: FileLocation<'a>,
        /// The vision file (`mmproj`) of a multimodal model.
        vision: Option<FileLocation<'a>>,
    },
}

/// The files of a model, opened but not read.
pub struct Manifest {
    pub(super) name: String,
    pub(super) task: Task,
    pub(super) layout: ManifestLayout,
    /// The most bytes that may stay in memory, in a page that is ended otherwise.
    pub(super) max_resident_bytes: Option<u64>,
}

pub(super) enum ManifestLayout {
    Folder(Box<FolderFiles>),
    Gguf { text: FolderFile, parts: Vec<FolderFile>, vision: Option<FolderFile> },
}

/// The files of a folder.
pub(super) struct FolderFiles {
    pub config: FolderFile,
    pub tokenizer: FolderFile,
    pub weights: Vec<FolderFile>,
    /// Looked for in the folder of an encoder or an embedding model only.
    pub description: Option<DescriptionFiles>,
    /// `preprocessor_config.json`, in the folder of a family that reads it.
    pub preprocessor: Option<FolderFile>,
}

impl FolderFiles {
    /// Those that describe a model, without weights.
    pub async fn described_in(folder: &dyn Folder, task: Task) -> Result<Self, WeightsError> {
        let config = FolderFile::open(folder, "config.json").await?;
        let tokenizer = FolderFile::open(folder, "tokenizer.json").await?;
        let family = family(&config).await;
        let description = DescriptionFiles::open(folder, family, task).await?;
        let preprocessor = match family.and_then(Family::tower) {
            Some(tower) if tower.limits_in_file => Some(FolderFile::open(folder, PREPROCESSOR).await?),
            _ => None,
        };
        Ok(Self { config, tokenizer, weights: Vec::new(), description, preprocessor })
    }
}

impl Manifest {
    /// Opens the files of a model, reading only those that name others. Missing files are no error here:
    /// what is wrong with the others is reported first, when they are read.
    ///
    /// ```
    /// use secondpass::bytes::MemoryFolder;
    /// use secondpass::engine::{Manifest, ModelLocation};
    ///
    /// let folder = MemoryFolder::default().with("config.json", *b"{}").with("model.safetensors", *b"");
    /// let manifest = pollster::block_on(Manifest::open(&ModelLocation::Folder(&folder)))?;
    /// let existing: Vec<&str> = manifest.files().filter(|f| f.exists()).map(|f| f.name()).collect();
    /// assert_eq!(existing, ["config.json", "model.safetensors"]);
    /// # Ok::<(), secondpass::weights::WeightsError>(())
    /// ```
    pub async fn open(location: &ModelLocation<'_>) -> Result<Self, WeightsError> {
        Self::open_for(location, Task::Rerank).await
    }

    /// The same for a task: an embedding model has files of its own.
    pub async fn open_for(location: &ModelLocation<'_>, task: Task) -> Result<Self, WeightsError> {
        match location {
            ModelLocation::Folder(folder) => Self::open_folder(*folder, task).await,
            ModelLocation::Gguf { text, vision } => Self::open_gguf(text, vision.as_ref(), task).await,
        }
    }

    async fn open_folder(folder: &dyn Folder, task: Task) -> Result<Self, WeightsError> {
        let mut files = FolderFiles::described_in(folder, task).await?;
        files.weights = open_safetensors(folder).await?;
        if let Some(description) = &files.description {
            files.weights.extend(description.module_weights.iter().cloned());
        }
        let layout = ManifestLayout::Folder(Box::new(files));
        Ok(Self { name: folder.name().to_owned(), task, layout, max_resident_bytes: None })
    }

    async fn open_gguf(
        text: &FileLocation<'_>,
        vision: Option<&FileLocation<'_>>,
        task: Task,
    ) -> Result<Self, WeightsError> {
        let first = FolderFile::open(text.folder, &text.name).await?;
        let vision = match vision {
            Some(file) => Some(FolderFile::open(file.folder, &file.name).await?),
            None => None,
        };
        let mut parts = Vec::new();
        for name in gguf::parts_by_name(&text.name) {
            parts.push(FolderFile::open_part(text.folder, &name).await?);
        }
        let layout = ManifestLayout::Gguf { text: first, parts, vision };
        Ok(Self { name: text.name.clone(), task, layout, max_resident_bytes: None })
    }

    /// Refuses to read a model that has to stay in memory and has more than `most` bytes. A decoder need not.
    pub fn with_max_resident_bytes(self, most: Option<u64>) -> Self {
        Self { max_resident_bytes: most, ..self }
    }

    /// Bytes of all files together.
    pub fn bytes(&self) -> u64 {
        self.files().filter_map(|file| file.source().ok()).map(|source| source.len()).sum()
    }

    /// Refuses what is too large for where it has to stay, before its weights are fetched.
    pub(super) fn check_bytes(&self, config: &ModelConfig) -> Result<(), SourceError> {
        let bytes = self.bytes();
        match self.max_resident_bytes.filter(|&most| bytes > most && config.encoder().is_some()) {
            Some(most) => Err(SourceError::TooLarge { bytes, most }),
            None => Ok(()),
        }
    }

    /// The files that it needs, whether they exist or not, and the others that exist.
    pub fn files(&self) -> impl Iterator<Item = &FolderFile> {
        let files: Vec<&FolderFile> = match &self.layout {
            ManifestLayout::Folder(files) => {
                let small = [&files.config, &files.tokenizer].into_iter();
                small
                    .chain(files.description.iter().flat_map(DescriptionFiles::existing))
                    .chain(files.preprocessor.iter().filter(|file| file.exists()))
                    .chain(&files.weights)
                    .collect()
            }
            ManifestLayout::Gguf { text, parts, vision } => std::iter::once(text).chain(parts).chain(vision).collect(),
        };
        files.into_iter()
    }
}

/// The family that a `config.json` names. What is wrong with the file is reported when the model is read.
async fn family(config: &FolderFile) -> Option<Family> {
    let config = read_json(&*config.source().ok()?, config.name(), MAX_CONFIG_BYTES).await.ok()?;
    ConfigFiles { config, ..ConfigFiles::default() }.family().ok()
}

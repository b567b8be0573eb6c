//! A load: from the page's options to an engine, with downloads, hashes and aborts.

use std::collections::BTreeMap;

use futures_util::future::Either;
use js_sys::Promise;
use serde::Deserialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

use super::clock::WorkerClock;
use super::download::{DownloadOptions, Downloads, Report};
use super::loaded_model::{LoadedModel, TaskModel};
use super::model::{PageFile, PageModel};
use super::storage::Blob;
use crate::Error;
use crate::api::RequestError;
use crate::bytes::{DEFAULT_HUB, FileFault, hub_url};
use crate::download::{
    DownloadSettings, ExpectedHashes, FileIdentity, Integrity, Restarts, check_source, select_first,
};
use crate::engine::{self, LoadOptions, LoadProgress, LoadStage, Manifest, Observer, SharedTrunk};
use crate::model::Task;
use crate::prompt::PublishedPrompts;

#[wasm_bindgen]
extern "C" {
    /// The worker's `LoadHost`.
    #[derive(Clone)]
    pub type LoadHost;
    #[wasm_bindgen(method, getter)]
    fn model(this: &LoadHost) -> Option<Blob>;
    #[wasm_bindgen(method, getter)]
    fn vision(this: &LoadHost) -> Option<Blob>;
    /// Whether the device was opened with subgroups.
    #[wasm_bindgen(method, getter)]
    pub fn subgroups(this: &LoadHost) -> bool;
    /// Asks the page to make storage persistent.
    #[wasm_bindgen(method)]
    fn persist(this: &LoadHost);
}

/// What a page says about the files of a model.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileOptions {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    vision: Option<String>,
    /// What the model is loaded for.
    #[serde(default)]
    task: Task,
    /// The words before a text, instead of those that an embedding model's files give.
    #[serde(default)]
    prompts: Option<PublishedPrompts>,
    /// Where addresses that begin with `hf:` are.
    #[serde(default)]
    hub: Option<String>,
    #[serde(default)]
    cache: Option<String>,
    #[serde(default)]
    integrity: BTreeMap<String, String>,
    #[serde(default)]
    revalidate: bool,
    /// The most that the files may have together, where the page knows a limit of its device.
    #[serde(default)]
    max_bytes: Option<u64>,
    /// The same for files that can be read again while the model computes: only what has to stay in memory counts.
    #[serde(default)]
    max_resident_bytes: Option<u64>,
    #[serde(default)]
    download: DownloadSettings,
}

impl FileOptions {
    /// The model and its vision file.
    fn files(&self, host: &LoadHost) -> Result<(PageFile, Option<PageFile>), RequestError> {
        let hub = self.hub.as_deref().unwrap_or(DEFAULT_HUB);
        let file = |picked: Option<Blob>, url: &Option<String>| match (picked, url) {
            (Some(file), _) => Ok(Some(PageFile::Picked(file))),
            (None, Some(url)) => resolved(url, hub).map(|url| Some(PageFile::Url(url))),
            (None, None) => Ok(None),
        };
        let model = file(host.model(), &self.model)?;
        let model = model.ok_or_else(|| RequestError::invalid("load options: model is missing".to_owned()))?;
        Ok((model, file(host.vision(), &self.vision)?))
    }

    /// Hashes by file name, or by role: `model` and `vision`.
    fn hashes(&self) -> Result<ExpectedHashes, RequestError> {
        let mut hashes = BTreeMap::new();
        for (file, text) in &self.integrity {
            let hash = Integrity::parse(text).ok_or_else(|| {
                RequestError::invalid(format!(
                    "integrity of {file} is \"{text}\"; it must be sha256- and 44 digits of base64"
                ))
            })?;
            hashes.insert(file.clone(), hash);
        }
        Ok(ExpectedHashes::new(hashes))
    }
}

/// A URL, or that of a model on a hub.
pub fn resolved(url: &str, hub: &str) -> Result<String, RequestError> {
    let url = hub_url(url, hub).unwrap_or_else(|| Ok(url.to_owned()));
    url.map_err(|error| RequestError::invalid(error.to_string()))
}

/// Loads a model; also returns the name of where its files are kept.
pub async fn load(
    files: FileOptions,
    host: LoadHost,
    options: LoadOptions,
    observer: &Observer<'_>,
    report: Report,
) -> Result<(LoadedModel, &'static str), Error> {
    let work = Work { files: &files, purpose: FilesFor::Load(&options), observer };
    let loaded = with_files(&work, &host, &report).await?;
    let model = loaded.model.expect("a load gives a model");
    Ok((LoadedModel::new(model, loaded.versions), loaded.storage))
}

/// Loads the files of a loaded model for its other task too, with the same trunk. False if they describe another one, or
/// are another version by now.
pub async fn add(
    files: FileOptions,
    host: LoadHost,
    model: &LoadedModel,
    observer: &Observer<'_>,
    report: Report,
) -> Result<bool, Error> {
    if model.info(files.task).is_some() {
        return Ok(true);
    }
    let trunk = model.trunk();
    let work = Work { files: &files, purpose: FilesFor::Add(&trunk), observer };
    let loaded = with_files(&work, &host, &report).await?;
    Ok(loaded.model.is_some_and(|other| model.add(other, &loaded.versions)))
}

/// Stores the files of a model without loading it; returns the name of where they are kept.
pub async fn store(
    files: FileOptions,
    host: LoadHost,
    observer: &Observer<'_>,
    report: Report,
) -> Result<&'static str, Error> {
    let work = Work { files: &files, purpose: FilesFor::Store, observer };
    with_files(&work, &host, &report).await.map(|stored| stored.storage)
}

/// What is done with a model's files. One function for all: each would be a copy of its own in the module.
struct Work<'a> {
    files: &'a FileOptions,
    purpose: FilesFor<'a>,
    observer: &'a Observer<'a>,
}

enum FilesFor<'a> {
    Store,
    Load(&'a LoadOptions),
    /// The trunk is here already, so that the files need not come whole.
    Add(&'a SharedTrunk),
}

impl Work<'_> {
    fn is_head_only(&self) -> bool {
        matches!(self.purpose, FilesFor::Add(_))
    }

    /// Whether files are still read after this: those of the trunk that is here may be the same.
    fn reads_on(&self, model: Option<&TaskModel>) -> bool {
        match &self.purpose {
            FilesFor::Store => false,
            FilesFor::Load(_) => model.is_some_and(TaskModel::reads_files),
            FilesFor::Add(trunk) => trunk.is_streamed(),
        }
    }

    /// The model, if files are not only stored, and describe the trunk that is here.
    async fn run(&self, manifest: &Manifest) -> Result<Option<TaskModel>, Error> {
        let (files, observer) = (self.files, self.observer);
        let prompts = || files.prompts.clone();
        Ok(match (&self.purpose, files.task) {
            (FilesFor::Store, _) => {
                manifest.check(observer).await?;
                None
            }
            (FilesFor::Load(options), Task::Rerank) => {
                let loaded = engine::Engine::load_manifest(manifest, (*options).clone(), observer).await?;
                Some(TaskModel::Reranker(loaded))
            }
            (FilesFor::Load(options), Task::Embed) => {
                let loaded = engine::Embedder::load_manifest(manifest, (*options).clone(), prompts(), observer).await?;
                Some(TaskModel::Embedder(loaded))
            }
            (FilesFor::Add(trunk), Task::Rerank) => {
                engine::Engine::load_beside(trunk, manifest, observer).await?.map(TaskModel::Reranker)
            }
            (FilesFor::Add(trunk), Task::Embed) => {
                engine::Embedder::load_beside(trunk, manifest, prompts(), observer).await?.map(TaskModel::Embedder)
            }
        })
    }
}

/// What came of a model's files.
struct Done {
    model: Option<TaskModel>,
    /// The name of where they are kept.
    storage: &'static str,
    /// Which versions of them were read.
    versions: Vec<FileIdentity>,
}

/// Opens a model's files, works with them, and waits until they are complete and checked.
async fn with_files(work: &Work<'_>, host: &LoadHost, report: &Report) -> Result<Done, Error> {
    let mut restarts = Restarts::default();
    let mut fetches_again = true;
    loop {
        let Failure { error, may_be_cut } = match attempt(work, host, report, &restarts, fetches_again).await {
            Ok(done) => return Ok(done),
            Err(failure) => failure,
        };
        // What was stored of the old version is deleted by now; the other files stay.
        let begins_again = error.source_error().is_some_and(|fault| restarts.begin_again(fault));
        if !begins_again && !may_be_cut {
            return Err(error);
        }
        fetches_again &= !may_be_cut;
    }
}

/// Why an attempt to load has failed.
struct Failure {
    error: Error,
    /// A file makes no sense, and may have lost its end on the way: it is removed, and fetched once more.
    may_be_cut: bool,
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { error: error.into(), may_be_cut: false }
    }
}

async fn attempt(
    work: &Work<'_>,
    host: &LoadHost,
    report: &Report,
    restarts: &Restarts,
    fetches_again: bool,
) -> Result<Done, Failure> {
    let files = work.files;
    let (model, vision) = files.files(host)?;
    let picked = matches!(model, PageFile::Picked(_));
    let options = DownloadOptions {
        cache: files.cache.clone().unwrap_or_default(),
        settings: files.download,
        revalidate: files.revalidate,
        hashes: files.hashes()?,
        restarts: restarts.clone(),
    };
    let persist = host.clone();
    let downloads = Downloads::new(options, report.clone(), Box::new(move || persist.persist())).await?;
    let page_model = PageModel::new(model, vision, &downloads);
    let run = async {
        let manifest = page_model.manifest(files.task, files.max_bytes).await?;
        let manifest = manifest.with_max_resident_bytes(files.max_resident_bytes);
        let done = match work.run(&manifest).await {
            // Files are read before they are hashed: the hash tells whether they are damaged.
            Err(error) if error.file_fault().is_some() && !downloads.hashes.is_empty() => {
                downloads.finished().await?;
                work.run(&manifest).await?
            }
            result => result?,
        };
        // The trunk's load has compared picked files with their hashes, and has stored the others.
        if !work.is_head_only() {
            check_picked(&page_model, &downloads.hashes, report).await?;
        }
        if !work.is_head_only() || !downloads.hashes.is_empty() {
            downloads.finished().await?;
        }
        Ok(done)
    };
    let result = run.await;
    let storage = if picked { "file" } else { downloads.storage() };
    let versions = downloads.versions();
    let makes_no_sense = |error: &Error| error.file_fault() == Some(FileFault::Content);
    let may_be_cut = fetches_again && result.as_ref().is_err_and(makes_no_sense) && downloads.any_without_length();
    match may_be_cut {
        true => downloads.forget_without_length().await,
        false => downloads.conclude(result.as_ref().map(|model| work.reads_on(model.as_ref()))).await,
    }
    result.map(|model| Done { model, storage, versions }).map_err(|error| Failure { error, may_be_cut })
}

/// Picked files are not downloaded, and so not hashed while they are.
async fn check_picked(model: &PageModel, hashes: &ExpectedHashes, report: &Report) -> Result<(), Error> {
    for (folder, role, name) in model.picked() {
        let Some(want) = hashes.of(role, name) else { continue };
        let Some(source) = folder.open(name).await? else { continue };
        let report_bytes = |loaded| {
            let (total, file) = (source.len(), Some(name.to_owned()));
            report(LoadProgress { stage: LoadStage::Verify, loaded, total, rate: None, file });
        };
        check_source(&*source, want, &WorkerClock, &report_bytes).await?;
    }
    Ok(())
}

/// Ends a load as soon as its signal is aborted. Its future is dropped, which stops what it was doing.
pub async fn until_aborted<T>(
    signal: &AbortSignal,
    loading: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let aborted = async {
        if !signal.aborted() {
            let event = Promise::new(&mut |resolve, _| {
                let _ = signal.add_event_listener_with_callback("abort", &resolve);
            });
            let _ = JsFuture::from(event).await;
        }
    };
    match select_first(aborted, loading).await {
        Either::Left(()) => Err(Error::Aborted),
        Either::Right(result) => result,
    }
}

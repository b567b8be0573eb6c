//! A load, from what the page asks for to an engine: files, storage, and the end by an abort.

use std::collections::BTreeMap;

use js_sys::{Function, Promise};
use serde::Deserialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

use super::clock::WorkerClock;
use super::download::{Downloads, Manner, Report, blames_the_files};
use super::model::{Place, Places};
use super::storage::{Blob, get};
use crate::Error;
use crate::api::RequestError;
use crate::bytes::WeightsError;
use crate::download::{First, Hashes, Integrity, Settings, check_source, race};
use crate::engine::{self, LoadOptions, LoadProgress, LoadStage, Observer};

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
    /// Asks the page to make storage lasting.
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
    #[serde(default)]
    cache: Option<String>,
    #[serde(default)]
    integrity: BTreeMap<String, String>,
    #[serde(default)]
    revalidate: bool,
    #[serde(default)]
    download: Settings,
}

impl FileOptions {
    fn places(&self, host: &LoadHost) -> Result<(Place, Option<Place>), RequestError> {
        let place = |blob: Option<Blob>, url: &Option<String>| blob.map(Place::Blob).or(url.clone().map(Place::Url));
        let model = place(host.model(), &self.model);
        let model = model.ok_or_else(|| RequestError::invalid("load options: model is missing".to_owned()))?;
        Ok((model, place(host.vision(), &self.vision)))
    }

    /// Hashes by the names of files; `model` and `vision` stand for their own.
    fn hashes(&self) -> Result<Hashes, RequestError> {
        let mut hashes = BTreeMap::new();
        for (file, text) in &self.integrity {
            let hash = Integrity::parse(text).ok_or_else(|| {
                RequestError::invalid(format!(
                    "integrity of {file} is \"{text}\"; it must be sha256- and 44 digits of base64"
                ))
            })?;
            hashes.insert(file.clone(), hash);
        }
        Ok(Hashes::new(hashes))
    }
}

/// Loads a model; also the name of where its files are kept.
pub async fn load(
    files: FileOptions,
    host: LoadHost,
    options: LoadOptions,
    observer: &Observer<'_>,
    report: Report,
) -> Result<(engine::Engine, &'static str), Error> {
    let work = async |places: &Places| engine::Engine::load_files(&places.files(), options.clone(), observer).await;
    with_files(&files, &host, &report, work).await
}

/// Stores the files of a model without loading it; the name of where they are kept.
pub async fn store(
    files: FileOptions,
    host: LoadHost,
    observer: &Observer<'_>,
    report: Report,
) -> Result<&'static str, Error> {
    let work = async |places: &Places| places.files().open(observer).await.map(drop);
    with_files(&files, &host, &report, work).await.map(|((), storage)| storage)
}

/// Opens a model's files, does something with them, and waits until they are whole and checked.
async fn with_files<T>(
    files: &FileOptions,
    host: &LoadHost,
    report: &Report,
    work: impl AsyncFn(&Places) -> Result<T, Error>,
) -> Result<(T, &'static str), Error> {
    match once(files, host, report, &work).await {
        // What is stored of the old file is gone by now.
        Err(Error::Weights(WeightsError::Changed { .. })) => {}
        Err(Error::Model(crate::model::ModelError::Weights(WeightsError::Changed { .. }))) => {}
        other => return other,
    }
    once(files, host, report, &work).await
}

async fn once<T>(
    files: &FileOptions,
    host: &LoadHost,
    report: &Report,
    work: &impl AsyncFn(&Places) -> Result<T, Error>,
) -> Result<(T, &'static str), Error> {
    let (model, vision) = files.places(host)?;
    let picked = matches!(model, Place::Blob(_));
    let manner = Manner {
        cache: files.cache.clone().unwrap_or_default(),
        settings: files.download,
        revalidate: files.revalidate,
        hashes: files.hashes()?,
    };
    let persist = host.clone();
    let downloads = Downloads::new(manner, report.clone(), Box::new(move || persist.persist())).await?;
    let storage = if picked { "file" } else { downloads.storage };
    let places = Places::new(model, vision, &downloads);
    let run = async {
        places.prepare().await?;
        let done = match work(&places).await {
            // Files are read before all of them is hashed: what looked wrong may be mended by now.
            Err(error) if blames_the_files(&error) && !downloads.hashes.is_empty() => {
                downloads.settled().await?;
                work(&places).await?
            }
            other => other?,
        };
        check_picked(&places, &downloads.hashes, report).await?;
        downloads.finished().await?;
        Ok(done)
    };
    let result = run.await;
    downloads.conclude(result.as_ref().err()).await;
    Ok((result?, storage))
}

/// What came from a picked file was not hashed on its way.
async fn check_picked(places: &Places, hashes: &Hashes, report: &Report) -> Result<(), Error> {
    for (folder, place, name) in places.picked() {
        let Some(want) = hashes.of(place, name) else { continue };
        let Some(source) = folder.open(name).await? else { continue };
        let tell = |loaded| {
            let (total, file) = (source.len(), Some(name.to_owned()));
            report(LoadProgress { stage: LoadStage::Verify, loaded, total, rate: None, file });
        };
        check_source(&*source, want, &WorkerClock, &tell).await?;
    }
    Ok(())
}

/// Ends a load at once when it is no longer wanted. What it was doing is dropped, and stops by that.
pub async fn until_aborted<T>(
    signal: &AbortSignal,
    loading: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let aborted = async {
        if !signal.aborted() {
            let event = Promise::new(&mut |resolve, _| {
                let add = get(signal.as_ref(), "addEventListener").and_then(|f| f.dyn_into::<Function>().ok());
                let _ = add.map(|add| add.call2(signal.as_ref(), &"abort".into(), &resolve));
            });
            let _ = JsFuture::from(event).await;
        }
    };
    match race(aborted, loading).await {
        First::Left(()) => Err(Error::Aborted),
        First::Right(result) => result,
    }
}

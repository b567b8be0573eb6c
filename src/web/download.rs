//! One load's files from URLs, by way of storage.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;

use super::clock::WorkerClock;
use super::storage;
use super::transport::FetchTransport;
use crate::bytes::{Folder, LocalBoxFuture, Source, WeightsError};
use crate::download::{
    Begun, Hashes, Opened, Phase, Reading, Settings, Slots, Step, StoredFile, Suspicion, Wanted, World, open,
    remember_absent,
};
use crate::engine::{LoadProgress, LoadStage};

/// Errors over what is in the files, which may have come wrongly: they are fetched anew.
const WRONG: [&str; 6] = [
    "invalid_weights",
    "missing_tensor",
    "unsupported_dtype",
    "unsupported_model",
    "invalid_config",
    "invalid_tokenizer",
];
/// Errors over which the host is asked whether it has others before the same files are used again.
const PERHAPS_OLD: [&str; 2] = ["bad_response", "not_found"];

/// Where nothing outlasts the load.
const MEMORY: &str = "memory";

/// Told of every step.
pub type Report = Rc<dyn Fn(LoadProgress)>;

/// What a page says about storage.
pub struct Manner {
    pub cache: String,
    pub settings: Settings,
    pub revalidate: bool,
    pub hashes: Hashes,
}

/// All files that a load has opened.
pub struct Downloads {
    world: Rc<World>,
    pub storage: &'static str,
    revalidate: bool,
    pub hashes: Hashes,
    /// Asks the page to make storage lasting, once; only a page can.
    on_store: Cell<Option<Box<dyn Fn()>>>,
    files: RefCell<Vec<Rc<StoredFile>>>,
    /// Opened before somebody asked, so that it is known how much room they need.
    ahead: RefCell<BTreeMap<String, Ahead>>,
    absent: RefCell<Vec<String>>,
}

enum Ahead {
    Absent,
    There(Rc<StoredFile>, Option<Begun>),
}

impl Downloads {
    pub async fn new(manner: Manner, report: Report, on_store: Box<dyn Fn()>) -> Result<Rc<Self>, WeightsError> {
        let (store, storage) = storage::open(&manner.cache).await?;
        let settings = manner.settings.checked();
        let world = World {
            store,
            transport: Rc::new(FetchTransport::default()),
            clock: Rc::new(WorkerClock),
            settings,
            slots: Slots::new(settings.requests),
            report: Rc::new(move |step| report(progress(step))),
        };
        Ok(Rc::new(Self {
            world: Rc::new(world),
            storage,
            revalidate: manner.revalidate,
            hashes: manner.hashes,
            on_store: Cell::new(Some(on_store).filter(|_| storage != MEMORY)),
            files: RefCell::default(),
            ahead: RefCell::default(),
            absent: RefCell::default(),
        }))
    }

    /// Opens a file without reading it yet; `peek` where there are many. Whether the host has it.
    pub async fn prepare(&self, url: &str, file: &str, peek: bool) -> Result<bool, WeightsError> {
        if let Some(ahead) = self.ahead.borrow().get(url) {
            return Ok(matches!(ahead, Ahead::There(..)));
        }
        let opened = self.look(url, file, peek).await?;
        let there = matches!(opened, Ahead::There(..));
        self.ahead.borrow_mut().insert(url.to_owned(), opened);
        Ok(there)
    }

    async fn look(&self, url: &str, file: &str, peek: bool) -> Result<Ahead, WeightsError> {
        let integrity = self.hashes.of(url, file);
        let wanted = Wanted { url, file, integrity, revalidate: self.revalidate, peek };
        let (file, begun) = match open(&self.world, wanted).await? {
            Opened::Absent => {
                self.absent.borrow_mut().push(url.to_owned());
                return Ok(Ahead::Absent);
            }
            Opened::Stored(file) => (file, None),
            Opened::Begun(file, begun) => (file, Some(begun)),
        };
        self.hashes.meet(url, file.name());
        self.files.borrow_mut().push(file.clone());
        Ok(Ahead::There(file, begun))
    }

    /// Sees to it that there is room for all files together.
    pub async fn check_room(&self) -> Result<(), WeightsError> {
        let largest = self.files.borrow().iter().max_by_key(|f| f.missing_bytes()).cloned();
        let needed: u64 = self.files.borrow().iter().map(|f| f.wanted_room()).sum();
        let (Some(largest), true) = (largest, needed > 0) else { return Ok(()) };
        if let Some(on_store) = self.on_store.take() {
            on_store();
        }
        match self.world.store.free().await {
            Some(free) if free < needed => Err(WeightsError::StorageFull {
                file: largest.name().to_owned(),
                needed: Some(needed),
                free: Some(free),
            }),
            _ => Ok(()),
        }
    }

    async fn open(&self, url: &str, file: &str) -> Result<Option<Box<dyn Source>>, WeightsError> {
        let ahead = self.ahead.borrow_mut().remove(url);
        let opened = match ahead {
            Some(opened) => opened,
            None => {
                // Once more the same: to open it again would be to wait for the right to write it, which the first has.
                if let Some(file) = self.opened(url) {
                    return Ok(Some(Box::new(Reading(file))));
                }
                let opened = self.look(url, file, false).await?;
                self.check_room().await?;
                opened
            }
        };
        let Ahead::There(file, begun) = opened else { return Ok(None) };
        let working = file.clone();
        spawn_local(async move { working.work(begun).await });
        Ok(Some(Box::new(Reading(file)) as Box<dyn Source>))
    }

    fn opened(&self, url: &str) -> Option<Rc<StoredFile>> {
        self.files.borrow().iter().find(|file| file.url() == url).cloned()
    }

    /// Waits until every file that was opened is whole and checked; nothing works on the others yet.
    pub async fn settled(&self) -> Result<(), WeightsError> {
        let begun = |file: &Rc<StoredFile>| {
            let waits = |ahead: &Ahead| matches!(ahead, Ahead::There(other, _) if Rc::ptr_eq(other, file));
            !self.ahead.borrow().values().any(waits)
        };
        let files: Vec<Rc<StoredFile>> = self.files.borrow().iter().filter(|file| begun(file)).cloned().collect();
        for file in files {
            file.finished().await?;
        }
        Ok(())
    }

    /// Waits until every file is whole and checked.
    pub async fn finished(&self) -> Result<(), WeightsError> {
        let mut next = 0;
        loop {
            let file = self.files.borrow().get(next).cloned();
            let Some(file) = file else { return Ok(()) };
            file.finished().await?;
            next += 1;
        }
    }

    /// Notes how the load went, for the next one.
    pub async fn conclude(&self, error: Option<&crate::Error>) {
        self.stop();
        let Some(suspicion) = error.map_or(Some(Suspicion::None), suspicion) else { return };
        let well = suspicion == Suspicion::None;
        // What cannot be noted is not worth failing over.
        for file in self.files.take() {
            let used_up = well && self.storage == MEMORY;
            let _ = if used_up { file.discard().await } else { file.suspect(suspicion).await };
        }
        for url in self.absent.take().iter().filter(|_| well) {
            let _ = remember_absent(&*self.world.store, url).await;
        }
    }

    fn stop(&self) {
        self.ahead.take();
        self.files.borrow().iter().for_each(|file| file.stop());
    }
}

impl Drop for Downloads {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether another try with the same bytes would fail as well.
pub fn blames_the_files(error: &crate::Error) -> bool {
    suspicion(error).is_some()
}

/// What an error says against the files, if it is over them.
fn suspicion(error: &crate::Error) -> Option<Suspicion> {
    if WRONG.contains(&error.code()) {
        return Some(Suspicion::Anew);
    }
    PERHAPS_OLD.contains(&error.code()).then_some(Suspicion::Ask)
}

fn progress(step: Step) -> LoadProgress {
    let stage = match step.phase {
        Phase::Download => LoadStage::Download,
        Phase::Verify => LoadStage::Verify,
    };
    LoadProgress { stage, loaded: step.loaded, total: step.total, rate: step.rate, file: Some(step.file) }
}

/// A folder of files under one URL.
pub struct UrlFolder {
    base: String,
    downloads: Rc<Downloads>,
}

impl UrlFolder {
    /// `url` is the folder's, with or without the slash at its end; a query string is kept for each file.
    pub fn new(url: &str, downloads: &Rc<Downloads>) -> Self {
        Self { base: url.to_owned(), downloads: downloads.clone() }
    }

    pub fn url_of(&self, file: &str) -> String {
        let (path, query) = self.base.split_once('?').map_or((self.base.as_str(), None), |(p, q)| (p, Some(q)));
        let query = query.map(|q| format!("?{q}")).unwrap_or_default();
        format!("{}/{file}{query}", path.trim_end_matches('/'))
    }
}

impl Folder for UrlFolder {
    fn name(&self) -> &str {
        &self.base
    }

    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, Result<Option<Box<dyn Source>>, WeightsError>> {
        Box::pin(async move { self.downloads.open(&self.url_of(file), file).await })
    }
}

//! The downloads of one load, and the folders that are read through them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;

use super::clock::WorkerClock;
use super::storage::{self, MEMORY};
use super::transport::FetchTransport;
use crate::bytes::{FileAddress, Folder, LocalBoxFuture, OpenResult, Source, SourceError};
use crate::download::{
    DownloadContext, DownloadPhase, DownloadProgress, DownloadSettings, ExpectedHashes, FileIdentity, FileRequest,
    OpenedFile, RequestSlots, Restarts, Revalidation, StoredFile, StoredSource, Transfer, open, remember_absent,
};
use crate::engine::{LoadProgress, LoadStage};

/// Receives progress.
pub type Report = Rc<dyn Fn(LoadProgress)>;

/// What a page asks of the downloads of a load.
pub struct DownloadOptions {
    pub cache: String,
    pub settings: DownloadSettings,
    pub revalidate: bool,
    pub hashes: ExpectedHashes,
    /// How often the load was begun again.
    pub restarts: Restarts,
}

/// All files that a load has opened.
pub struct Downloads {
    context: Rc<DownloadContext>,
    storage: &'static str,
    revalidate: bool,
    restarts: Restarts,
    pub hashes: ExpectedHashes,
    /// Asks the page to make storage persistent, once; only a page can.
    on_store: Cell<Option<Box<dyn Fn()>>>,
    files: RefCell<Vec<Rc<OpenDownload>>>,
    absent: RefCell<BTreeSet<String>>,
}

/// A file that was opened. Its body is transferred once it is read.
struct OpenDownload {
    file: Rc<StoredFile>,
    transfer: RefCell<Option<Transfer>>,
    started: Cell<bool>,
    /// Whether something was still to be fetched when it was opened.
    partial: bool,
}

impl OpenDownload {
    /// Starts the transfer at the first read.
    fn start(&self) {
        if !self.started.replace(true) {
            let (file, transfer) = (self.file.clone(), self.transfer.take());
            spawn_local(async move { file.work(transfer).await });
        }
    }
}

impl Downloads {
    pub async fn new(
        options: DownloadOptions,
        report: Report,
        on_store: Box<dyn Fn()>,
    ) -> Result<Rc<Self>, SourceError> {
        let (store, storage) = storage::open(&options.cache).await?;
        let settings = options.settings.checked();
        let context = DownloadContext {
            store,
            fallback: (storage != MEMORY).then(storage::memory),
            transport: Rc::new(FetchTransport::default()),
            clock: Rc::new(WorkerClock),
            settings,
            slots: RequestSlots::new(settings.requests),
            report: Rc::new(move |step| report(progress(step))),
        };
        Ok(Rc::new(Self {
            context: Rc::new(context),
            storage,
            revalidate: options.revalidate,
            restarts: options.restarts,
            hashes: options.hashes,
            on_store: Cell::new(Some(on_store).filter(|_| storage != MEMORY)),
            files: RefCell::default(),
            absent: RefCell::default(),
        }))
    }

    /// The name of where the files are kept: memory as soon as one of them had to be kept there.
    pub fn storage(&self) -> &'static str {
        let in_memory = self.files.borrow().iter().any(|open| open.file.in_memory());
        if in_memory { MEMORY } else { self.storage }
    }

    /// Checks that there is room for all opened files together, before any of them is transferred.
    pub async fn check_room(&self) -> Result<(), SourceError> {
        let (largest, needed) = {
            let files = self.files.borrow();
            let largest = files.iter().map(|open| &open.file).max_by_key(|file| file.missing_bytes()).cloned();
            (largest, files.iter().map(|open| open.file.needed_room()).sum::<u64>())
        };
        let (Some(largest), true) = (largest, needed > 0) else { return Ok(()) };
        if let Some(on_store) = self.on_store.take() {
            on_store();
        }
        match self.context.store.free().await {
            Some(free) if free < needed => Err(SourceError::StorageFull {
                file: largest.name().to_owned(),
                needed: Some(needed),
                free: Some(free),
            }),
            _ => Ok(()),
        }
    }

    async fn open(&self, url: &str, file: &str, probe_only: bool) -> OpenResult {
        if self.absent.borrow().contains(url) {
            return Ok(None);
        }
        // A second opening would wait for the lock that the first one holds.
        let open = match self.find(url) {
            Some(open) => Some(open),
            None => self.open_new(url, file, probe_only).await?,
        };
        Ok(open.map(|open| {
            let source = StoredSource(open.file.clone());
            Box::new(DownloadSource { open, source }) as Box<dyn Source>
        }))
    }

    fn find(&self, url: &str) -> Option<Rc<OpenDownload>> {
        self.files.borrow().iter().find(|open| open.file.url() == url).cloned()
    }

    async fn open_new(&self, url: &str, file: &str, probe_only: bool) -> Result<Option<Rc<OpenDownload>>, SourceError> {
        let request = FileRequest {
            url,
            file,
            integrity: self.hashes.of(url, file),
            revalidate: self.revalidate,
            probe_only,
            restarts: &self.restarts,
        };
        let (file, transfer) = match open(&self.context, request).await? {
            OpenedFile::Absent => {
                self.absent.borrow_mut().insert(url.to_owned());
                return Ok(None);
            }
            OpenedFile::Complete(file) => (file, None),
            OpenedFile::Partial(file, transfer) => (file, Some(transfer)),
        };
        self.hashes.mark_used(url, file.name());
        let partial = transfer.is_some();
        let transfer = RefCell::new(transfer);
        let open = Rc::new(OpenDownload { file, transfer, started: Cell::new(false), partial });
        self.files.borrow_mut().push(open.clone());
        Ok(Some(open))
    }

    /// Which versions of the files were opened.
    pub fn versions(&self) -> Vec<FileIdentity> {
        self.files.borrow().iter().map(|open| open.file.version()).collect()
    }

    /// Waits until every file that was read is complete and checked.
    pub async fn finished(&self) -> Result<(), SourceError> {
        let mut next = 0;
        loop {
            // More files may be opened meanwhile.
            let open = self.files.borrow().get(next).cloned();
            let Some(open) = open else { return Ok(()) };
            if open.started.get() {
                open.file.finished().await?;
            }
            next += 1;
        }
    }

    /// Whether a file may have lost its end on the way without anybody having noticed.
    pub fn any_without_length(&self) -> bool {
        self.files.borrow().iter().any(|open| open.file.came_without_length())
    }

    /// Removes such files, as if they had never come: another attempt of the same load fetches them.
    pub async fn forget_without_length(&self) {
        self.stop();
        for open in self.files.take().iter().filter(|open| open.file.came_without_length()) {
            // What cannot be removed is doubted like any other file.
            let _ = open.file.discard().await;
        }
    }

    /// Notes how the load went, for the next one. What is in memory goes, unless the result still reads it.
    pub async fn conclude(&self, result: Result<bool, &crate::Error>) {
        self.stop();
        let (error, reads_on) = (result.err(), matches!(result, Ok(true)));
        let revalidation = match error {
            None => Some(Revalidation::None),
            Some(error) => error.file_fault().map(Revalidation::after),
        };
        // What cannot be noted is not worth failing over.
        for open in self.files.take() {
            // What was not read is not to blame, and of a new file nothing is stored.
            if open.partial && !open.started.get() {
                continue;
            }
            let used_up = error.is_none() && self.storage == MEMORY;
            let _ = match revalidation {
                _ if reads_on && (used_up || open.file.in_memory()) => Ok(()),
                _ if used_up || open.file.in_memory() => open.file.discard().await,
                Some(revalidation) => open.file.set_revalidation(revalidation).await,
                None => Ok(()),
            };
        }
        for url in self.absent.take().iter().filter(|_| error.is_none()) {
            let _ = remember_absent(&*self.context.store, url).await;
        }
    }

    fn stop(&self) {
        self.files.borrow().iter().for_each(|open| {
            open.transfer.take();
            open.file.stop();
        });
    }
}

impl Drop for Downloads {
    fn drop(&mut self) {
        self.stop();
    }
}

fn progress(step: DownloadProgress) -> LoadProgress {
    let stage = match step.phase {
        DownloadPhase::Download => LoadStage::Download,
        DownloadPhase::Verify => LoadStage::Verify,
    };
    LoadProgress { stage, loaded: step.loaded, total: step.total, rate: step.rate, file: Some(step.file) }
}

/// A downloaded file, whose transfer starts with the first read.
struct DownloadSource {
    open: Rc<OpenDownload>,
    source: StoredSource,
}

impl Source for DownloadSource {
    fn name(&self) -> &str {
        self.source.name()
    }

    fn len(&self) -> u64 {
        self.source.len()
    }

    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, SourceError>> {
        self.open.start();
        self.source.read(offset, len)
    }
}

/// A folder of files under one URL.
pub struct DownloadFolder {
    base: String,
    downloads: Rc<Downloads>,
}

impl DownloadFolder {
    /// `url` is the folder's, with or without a slash at its end; a query string is kept for each file.
    pub fn new(url: &str, downloads: &Rc<Downloads>) -> Self {
        Self { base: url.to_owned(), downloads: downloads.clone() }
    }

    pub fn url_of(&self, file: &str) -> String {
        FileAddress { folder: self.base.clone(), name: file.to_owned() }.url()
    }
}

impl Folder for DownloadFolder {
    fn name(&self) -> &str {
        &self.base
    }

    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, OpenResult> {
        Box::pin(async move { self.downloads.open(&self.url_of(file), file, false).await })
    }

    fn open_part<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, OpenResult> {
        Box::pin(async move { self.downloads.open(&self.url_of(file), file, true).await })
    }
}

//! The origin's private file system: two files for each stored one, its bytes and its journal.

use std::cell::{Cell, RefCell};

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::js::{self, AccessHandle, Blob, DirectoryHandle, FileHandle};
use super::locks;
use crate::bytes::LocalBoxFuture;
use crate::download::{Entry, Lock, Place, Signal, Store, StoreError, Stored};
use crate::web::clock;

const FOLDER: &str = "secondpass";
const DATA: &str = ".data";
const JOURNAL: &str = ".journal";

/// A worker that was killed keeps its handles for a moment: so often, and for so long each time, is waited for it.
const BUSY_TRIES: u32 = 40;
const BUSY_MS: f64 = 50.0;

/// The folder of all stored files.
pub struct OpfsStore {
    folder: DirectoryHandle,
}

impl OpfsStore {
    /// Opens it; an error where the browser has none, or does not give it to this page.
    pub async fn open() -> Result<Self, StoreError> {
        let missing = || StoreError::Failed("this browser has no OPFS here".to_owned());
        js::global(&["FileSystemFileHandle", "prototype", "createSyncAccessHandle"]).ok_or_else(missing)?;
        let storage = js::global(&["navigator", "storage"]).ok_or_else(missing)?;
        let root = js::call(&storage, "getDirectory", &[]).await.ok_or_else(missing)?.map_err(|e| js::failed(&e))?;
        let root: DirectoryHandle = root.unchecked_into();
        let folder = root.directory(FOLDER, &create()).await.map_err(|e| js::failed(&e))?;
        Ok(Self { folder: folder.unchecked_into() })
    }
}

fn create() -> JsValue {
    js::options(&[("create", true.into())])
}

fn at(offset: u64) -> JsValue {
    js::options(&[("at", (offset as f64).into())])
}

impl Store for OpfsStore {
    fn entry(&self, key: &str) -> Box<dyn Entry> {
        Box::new(OpfsEntry {
            folder: self.folder.clone(),
            key: key.to_owned(),
            handles: RefCell::default(),
            opening: Cell::new(false),
            opened: Signal::default(),
            blob: RefCell::default(),
        })
    }

    fn lock<'a>(&'a self, key: &'a str) -> Stored<'a, Box<dyn Lock>> {
        Box::pin(locks::lock(key))
    }

    fn keys(&self) -> Stored<'_, Vec<String>> {
        Box::pin(async move {
            let names = self.folder.keys();
            let mut keys = Vec::new();
            loop {
                let step = names.next().map_err(|e| js::failed(&e))?;
                let step = JsFuture::from(step).await.map_err(|e| js::failed(&e))?;
                if js::get(&step, "done").is_some_and(|done| done.is_truthy()) {
                    return Ok(keys);
                }
                let name = js::get(&step, "value").and_then(|v| v.as_string()).unwrap_or_default();
                keys.extend(name.strip_suffix(JOURNAL).map(str::to_owned));
            }
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> Stored<'a, ()> {
        Box::pin(async move {
            for suffix in [JOURNAL, DATA] {
                let name = format!("{key}{suffix}");
                match when_free(|| self.folder.remove(&name)).await {
                    Err(error) if js::name_of(&error) != "NotFoundError" => return Err(js::failed(&error)),
                    _ => {}
                }
            }
            Ok(())
        })
    }

    fn keeps_room(&self) -> bool {
        true
    }

    fn free(&self) -> LocalBoxFuture<'_, Option<u64>> {
        Box::pin(super::free())
    }
}

/// Tries again while somebody else has a handle.
async fn when_free<F: Future<Output = Result<JsValue, JsValue>>>(
    mut run: impl FnMut() -> F,
) -> Result<JsValue, JsValue> {
    let mut tries = 0;
    loop {
        match run().await {
            Err(error) if js::name_of(&error) == "NoModificationAllowedError" && tries < BUSY_TRIES => {
                tries += 1;
                clock::sleep(BUSY_MS).await;
            }
            other => return other,
        }
    }
}

#[derive(Clone)]
struct Handles {
    data: AccessHandle,
    journal: AccessHandle,
}

struct OpfsEntry {
    folder: DirectoryHandle,
    key: String,
    /// Open while something is written. They are exclusive, so they are closed as soon as they can be.
    handles: RefCell<Option<Handles>>,
    opening: Cell<bool>,
    opened: Signal,
    /// What is read while they are closed.
    blob: RefCell<Option<Blob>>,
}

impl OpfsEntry {
    async fn file(&self, suffix: &str, create: bool) -> Result<FileHandle, JsValue> {
        let options = js::options(&[("create", create.into())]);
        Ok(self.folder.file(&format!("{}{suffix}", self.key), &options).await?.unchecked_into())
    }

    /// Opens the handles for writing, once for all who ask at the same time.
    async fn handles(&self) -> Result<Handles, StoreError> {
        loop {
            if let Some(handles) = &*self.handles.borrow() {
                return Ok(handles.clone());
            }
            if !self.opening.replace(true) {
                let _guard = Opening(self);
                let handles = self.open_handles().await.map_err(|e| js::failed(&e))?;
                *self.blob.borrow_mut() = None;
                *self.handles.borrow_mut() = Some(handles.clone());
                return Ok(handles);
            }
            self.opened.until(|| (!self.opening.get()).then_some(())).await;
        }
    }

    async fn open_handles(&self) -> Result<Handles, JsValue> {
        let (data, journal) = (self.file(DATA, true).await?, self.file(JOURNAL, true).await?);
        let data: AccessHandle = when_free(|| data.access()).await?.unchecked_into();
        match when_free(|| journal.access()).await {
            Ok(journal) => Ok(Handles { data, journal: journal.unchecked_into() }),
            Err(error) => {
                data.close();
                Err(error)
            }
        }
    }

    async fn blob(&self, suffix: &str) -> Result<Option<Blob>, JsValue> {
        match self.file(suffix, false).await {
            Ok(file) => Ok(Some(file.blob().await?.unchecked_into())),
            Err(error) if js::name_of(&error) == "NotFoundError" => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn get_from_blob(&self, from: u64, to: u64) -> Result<Option<Vec<u8>>, JsValue> {
        let known = self.blob.borrow().clone();
        if let Some(blob) = known {
            // It becomes unreadable when another tab mends the file.
            if let Ok(Some(bytes)) = js::bytes_of(&blob, from, to).await {
                return Ok(Some(bytes));
            }
        }
        let Some(blob) = self.blob(DATA).await? else { return Ok(None) };
        let bytes = js::bytes_of(&blob, from, to).await?;
        *self.blob.borrow_mut() = Some(blob);
        Ok(bytes)
    }
}

/// Lets the others go on, also if the one who opens is dropped in between.
struct Opening<'a>(&'a OpfsEntry);

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.0.opening.set(false);
        self.0.opened.notify();
    }
}

impl Drop for OpfsEntry {
    fn drop(&mut self) {
        if let Some(handles) = self.handles.take() {
            handles.data.close();
            handles.journal.close();
        }
    }
}

fn write_all(handle: &AccessHandle, offset: u64, mut bytes: &[u8]) -> Result<(), StoreError> {
    let mut offset = offset;
    while !bytes.is_empty() {
        let written = handle.write(bytes, &at(offset)).map_err(|e| js::failed(&e))? as usize;
        if written == 0 || written > bytes.len() {
            return Err(StoreError::Full);
        }
        offset += written as u64;
        bytes = &bytes[written..];
    }
    Ok(())
}

fn read_all(handle: &AccessHandle, from: u64, len: usize) -> Result<Option<Vec<u8>>, StoreError> {
    if from + len as u64 > handle.size().map_err(|e| js::failed(&e))? as u64 {
        return Ok(None);
    }
    let mut bytes = vec![0; len];
    let read = handle.read(&mut bytes, &at(from)).map_err(|e| js::failed(&e))?;
    Ok((read as usize == len).then_some(bytes))
}

impl Entry for OpfsEntry {
    fn journal(&self) -> Stored<'_, Vec<u8>> {
        Box::pin(async move {
            let handles = self.handles.borrow().clone();
            if let Some(handles) = handles {
                let len = handles.journal.size().map_err(|e| js::failed(&e))? as usize;
                return Ok(read_all(&handles.journal, 0, len)?.unwrap_or_default());
            }
            let blob = self.blob(JOURNAL).await.map_err(|e| js::failed(&e))?;
            let Some(blob) = blob else { return Ok(Vec::new()) };
            // Being written by another tab at this moment, it is as good as not there: the lock is waited for.
            Ok(js::bytes_of(&blob, 0, blob.size() as u64).await.ok().flatten().unwrap_or_default())
        })
    }

    fn reset<'a>(&'a self, journal: &'a [u8], room: u64) -> Stored<'a, ()> {
        Box::pin(async move {
            let handles = self.handles().await?;
            handles.journal.truncate(0.0).and_then(|()| handles.data.truncate(0.0)).map_err(|e| js::failed(&e))?;
            // A file as long as it will be: the quota counts it now (not in a private window), and the disk when it is written.
            handles.data.truncate(room as f64).map_err(|e| js::failed(&e))?;
            write_all(&handles.journal, 0, journal)
        })
    }

    fn append<'a>(&'a self, line: &'a [u8]) -> Stored<'a, ()> {
        Box::pin(async move {
            let journal = self.handles().await?.journal;
            let end = journal.size().map_err(|e| js::failed(&e))? as u64;
            write_all(&journal, end, line)
        })
    }

    fn put<'a>(&'a self, place: Place, bytes: &'a [u8]) -> Stored<'a, ()> {
        Box::pin(async move { write_all(&self.handles().await?.data, place.offset, bytes) })
    }

    fn get(&self, place: Place, from: usize, len: usize) -> Stored<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            let from = place.offset + from as u64;
            let handles = self.handles.borrow().clone();
            match handles {
                Some(handles) => read_all(&handles.data, from, len),
                None => self.get_from_blob(from, from + len as u64).await.map_err(|e| js::failed(&e)),
            }
        })
    }

    fn close(&self) -> Stored<'_, ()> {
        Box::pin(async move {
            let Some(handles) = self.handles.take() else { return Ok(()) };
            let flushed = handles.data.flush().and_then(|()| handles.journal.flush());
            handles.data.close();
            handles.journal.close();
            flushed.map_err(|e| js::failed(&e))
        })
    }
}

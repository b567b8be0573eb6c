//! Storage in the origin private file system: two files for each stored one, its bytes and its journal.

use std::cell::{Cell, RefCell};

use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions, FileSystemGetFileOptions,
    FileSystemReadWriteOptions, FileSystemSyncAccessHandle,
};

use super::{estimate, js, locks};
use crate::bytes::LocalBoxFuture;
use crate::download::{LocalCondvar, PieceLocation, Store, StoreEntry, StoreError, StoreFuture, WriteLock};
use crate::web::clock;

const FOLDER: &str = "secondpass";
const DATA: &str = ".data";
const JOURNAL: &str = ".journal";

/// A worker that was killed keeps its handles for a moment: this often they are tried again, after this wait each time.
const BUSY_TRIES: u32 = 40;
const BUSY_MS: f64 = 50.0;

/// The folder of all stored files.
pub struct OpfsStore {
    folder: FileSystemDirectoryHandle,
}

impl OpfsStore {
    /// Opens it; an error where the browser has none, or does not give it to this page.
    pub async fn open() -> Result<Self, StoreError> {
        let missing = || StoreError::Failed("this browser has no OPFS here".to_owned());
        js::global(&["FileSystemFileHandle", "prototype", "createSyncAccessHandle"]).ok_or_else(missing)?;
        let storage = js::storage_manager().ok_or_else(missing)?;
        js::get(&storage, "getDirectory").ok_or_else(missing)?;
        let root: FileSystemDirectoryHandle = js::resolve(storage.get_directory()).await.map_err(|e| js::failed(&e))?;
        let create = FileSystemGetDirectoryOptions::new();
        create.set_create(true);
        let folder = root.get_directory_handle_with_options(FOLDER, &create);
        Ok(Self { folder: js::resolve(folder).await.map_err(|e| js::failed(&e))? })
    }
}

fn at(offset: u64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at(offset as f64);
    options
}

impl Store for OpfsStore {
    fn entry(&self, key: &str) -> Box<dyn StoreEntry> {
        Box::new(OpfsEntry {
            folder: self.folder.clone(),
            key: key.to_owned(),
            handles: RefCell::default(),
            opening: Cell::new(false),
            opened: LocalCondvar::default(),
            blob: RefCell::default(),
        })
    }

    fn lock<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Box<dyn WriteLock>> {
        Box::pin(locks::lock(key))
    }

    fn keys(&self) -> StoreFuture<'_, Vec<String>> {
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

    fn remove<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            for suffix in [JOURNAL, DATA] {
                let name = format!("{key}{suffix}");
                match when_free(|| self.folder.remove_entry(&name)).await {
                    Err(error) if js::name_of(&error) != "NotFoundError" => return Err(js::failed(&error)),
                    _ => {}
                }
            }
            Ok(())
        })
    }

    fn reserves_room(&self) -> bool {
        true
    }

    fn free(&self) -> LocalBoxFuture<'_, Option<u64>> {
        Box::pin(estimate::free())
    }
}

/// Tries again while another worker has a handle.
async fn when_free(mut run: impl FnMut() -> Promise) -> Result<JsValue, JsValue> {
    let mut tries = 0;
    loop {
        match JsFuture::from(run()).await {
            Err(error) if js::name_of(&error) == "NoModificationAllowedError" && tries < BUSY_TRIES => {
                tries += 1;
                clock::sleep(BUSY_MS).await;
            }
            other => return other,
        }
    }
}

#[derive(Clone)]
struct AccessHandles {
    data: FileSystemSyncAccessHandle,
    journal: FileSystemSyncAccessHandle,
}

struct OpfsEntry {
    folder: FileSystemDirectoryHandle,
    key: String,
    /// Open while something is written. They are exclusive, so they are closed as soon as possible.
    handles: RefCell<Option<AccessHandles>>,
    opening: Cell<bool>,
    opened: LocalCondvar,
    /// Read while the handles are closed.
    blob: RefCell<Option<Blob>>,
}

impl OpfsEntry {
    async fn file(&self, suffix: &str, create: bool) -> Result<FileSystemFileHandle, JsValue> {
        let options = FileSystemGetFileOptions::new();
        options.set_create(create);
        js::resolve(self.folder.get_file_handle_with_options(&format!("{}{suffix}", self.key), &options)).await
    }

    /// Opens the handles for writing, once for all concurrent callers.
    async fn handles(&self) -> Result<AccessHandles, StoreError> {
        loop {
            if let Some(handles) = &*self.handles.borrow() {
                return Ok(handles.clone());
            }
            if !self.opening.replace(true) {
                let _guard = OpeningGuard(self);
                let handles = self.open_handles().await.map_err(|e| js::failed(&e))?;
                *self.blob.borrow_mut() = None;
                *self.handles.borrow_mut() = Some(handles.clone());
                return Ok(handles);
            }
            self.opened.wait_until(|| (!self.opening.get()).then_some(())).await;
        }
    }

    async fn open_handles(&self) -> Result<AccessHandles, JsValue> {
        let (data, journal) = (self.file(DATA, true).await?, self.file(JOURNAL, true).await?);
        let data: FileSystemSyncAccessHandle = when_free(|| data.create_sync_access_handle()).await?.unchecked_into();
        match when_free(|| journal.create_sync_access_handle()).await {
            Ok(journal) => Ok(AccessHandles { data, journal: journal.unchecked_into() }),
            Err(error) => {
                data.close();
                Err(error)
            }
        }
    }

    async fn blob(&self, suffix: &str) -> Result<Option<Blob>, JsValue> {
        match self.file(suffix, false).await {
            Ok(file) => js::resolve(file.get_file()).await.map(Some),
            Err(error) if js::name_of(&error) == "NotFoundError" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A browser that has cleared the site's storage reports a lack of room to whoever still writes. Then the file is gone.
    async fn unless_gone<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        match result {
            Err(StoreError::Full) if self.file(DATA, false).await.is_err() => {
                Err(StoreError::Failed("the site's storage was cleared".to_owned()))
            }
            result => result,
        }
    }

    async fn get_from_blob(&self, from: u64, to: u64) -> Result<Option<Vec<u8>>, JsValue> {
        let known = self.blob.borrow().clone();
        if let Some(blob) = known {
            // It becomes unreadable when another tab repairs the file.
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

/// Wakes the other callers, even if the one that opens the handles is dropped.
struct OpeningGuard<'a>(&'a OpfsEntry);

impl Drop for OpeningGuard<'_> {
    fn drop(&mut self) {
        self.0.opening.set(false);
        self.0.opened.notify_all();
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

/// Empties both files, reserves the room, and writes the journal.
fn begin(handles: &AccessHandles, journal: &[u8], room: u64) -> Result<(), StoreError> {
    let AccessHandles { data, journal: lines } = handles;
    lines.truncate_with_f64(0.0).and_then(|()| data.truncate_with_f64(0.0)).map_err(|e| js::failed(&e))?;
    // At its full length the quota counts it now (not in a private window), and the disk once it is written.
    data.truncate_with_f64(room as f64).map_err(|e| js::failed(&e))?;
    write_all(lines, 0, journal)
}

fn write_all(handle: &FileSystemSyncAccessHandle, offset: u64, mut bytes: &[u8]) -> Result<(), StoreError> {
    let mut offset = offset;
    while !bytes.is_empty() {
        let written = handle.write_with_u8_array_and_options(bytes, &at(offset)).map_err(|e| js::failed(&e))? as usize;
        if written == 0 || written > bytes.len() {
            return Err(StoreError::Full);
        }
        offset += written as u64;
        bytes = &bytes[written..];
    }
    Ok(())
}

fn read_all(handle: &FileSystemSyncAccessHandle, from: u64, len: usize) -> Result<Option<Vec<u8>>, StoreError> {
    if from + len as u64 > handle.get_size().map_err(|e| js::failed(&e))? as u64 {
        return Ok(None);
    }
    let mut bytes = vec![0; len];
    let read = handle.read_with_u8_array_and_options(&mut bytes, &at(from)).map_err(|e| js::failed(&e))?;
    Ok((read as usize == len).then_some(bytes))
}

impl StoreEntry for OpfsEntry {
    fn journal(&self) -> StoreFuture<'_, Vec<u8>> {
        Box::pin(async move {
            let handles = self.handles.borrow().clone();
            if let Some(handles) = handles {
                let len = handles.journal.get_size().map_err(|e| js::failed(&e))? as usize;
                return Ok(read_all(&handles.journal, 0, len)?.unwrap_or_default());
            }
            let blob = self.blob(JOURNAL).await.map_err(|e| js::failed(&e))?;
            let Some(blob) = blob else { return Ok(Vec::new()) };
            // While another tab writes it, it counts as missing: the lock is waited for.
            Ok(js::bytes_of(&blob, 0, blob.size() as u64).await.ok().flatten().unwrap_or_default())
        })
    }

    fn reset<'a>(&'a self, journal: &'a [u8], room: u64) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let handles = self.handles().await?;
            self.unless_gone(begin(&handles, journal, room)).await
        })
    }

    fn append<'a>(&'a self, line: &'a [u8]) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let journal = self.handles().await?.journal;
            let end = journal.get_size().map_err(|e| js::failed(&e))? as u64;
            self.unless_gone(write_all(&journal, end, line)).await
        })
    }

    fn put<'a>(&'a self, location: PieceLocation, bytes: &'a [u8]) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let data = self.handles().await?.data;
            self.unless_gone(write_all(&data, location.offset, bytes)).await
        })
    }

    fn get(&self, location: PieceLocation, from: usize, len: usize) -> StoreFuture<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            let from = location.offset + from as u64;
            let handles = self.handles.borrow().clone();
            match handles {
                Some(handles) => read_all(&handles.data, from, len),
                None => self.get_from_blob(from, from + len as u64).await.map_err(|e| js::failed(&e)),
            }
        })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let Some(handles) = self.handles.take() else { return Ok(()) };
            let flushed = handles.data.flush().and_then(|()| handles.journal.flush());
            handles.data.close();
            handles.journal.close();
            flushed.map_err(|e| js::failed(&e))
        })
    }
}

//! Where the pieces of one file are: in its entry of the store, or, once that has returned damaged data, in memory.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use super::store::{PieceLocation, Store, StoreEntry, StoreError};

/// Pieces that were damaged when they were read back in the session that wrote them, before the store is not used for
/// the file any more. One may be an accident.
const MAX_DAMAGED_READS: u32 = 2;

/// The pieces of one file.
pub(super) struct PieceStorage {
    key: String,
    entry: Box<dyn StoreEntry>,
    fallback: Option<Rc<dyn Store>>,
    /// The entry of the fallback, once it is used.
    memory: OnceCell<Box<dyn StoreEntry>>,
    /// The pieces that are in it.
    moved: RefCell<BTreeSet<u32>>,
    damaged_reads: Cell<u32>,
}

impl PieceStorage {
    pub fn new(key: &str, entry: Box<dyn StoreEntry>, fallback: Option<Rc<dyn Store>>) -> Self {
        let (memory, moved) = (OnceCell::new(), RefCell::default());
        Self { key: key.to_owned(), entry, fallback, memory, moved, damaged_reads: Cell::new(0) }
    }

    /// Whether new pieces are kept in memory, and nothing of the file outlasts the load.
    pub fn in_memory(&self) -> bool {
        self.memory.get().is_some()
    }

    /// A piece that was written in this session was damaged when it was read back.
    pub fn count_damaged_read(&self) {
        self.damaged_reads.set(self.damaged_reads.get() + 1);
        if self.damaged_reads.get() >= MAX_DAMAGED_READS {
            self.use_memory();
        }
    }

    /// The stored journal.
    pub async fn journal(&self) -> Result<Vec<u8>, StoreError> {
        self.entry.journal().await
    }

    /// The stored journal, of whoever has the right to write; none if the store does not give it and is not used any more.
    pub async fn journal_or_memory(&self) -> Result<Vec<u8>, StoreError> {
        match self.entry.journal().await {
            Err(StoreError::Failed(_)) if self.use_memory() => Ok(Vec::new()),
            result => result,
        }
    }

    /// Starts with this journal and no pieces.
    pub async fn reset(&self, journal: &[u8], room: u64) -> Result<(), StoreError> {
        self.moved.borrow_mut().clear();
        let result = self.entry.reset(journal, room).await;
        self.or_use_memory(result)
    }

    /// Appends to the journal. That of a file in memory is worth nothing to a later load.
    pub async fn append(&self, line: &[u8]) -> Result<(), StoreError> {
        if self.in_memory() {
            return Ok(());
        }
        let result = self.entry.append(line).await;
        self.or_use_memory(result)
    }

    pub async fn put(&self, location: PieceLocation, bytes: &[u8]) -> Result<(), StoreError> {
        if !self.in_memory() {
            let result = self.entry.put(location, bytes).await;
            self.or_use_memory(result)?;
        }
        if let Some(memory) = self.memory.get() {
            memory.put(location, bytes).await?;
            self.moved.borrow_mut().insert(location.index);
        }
        Ok(())
    }

    /// Bytes of a piece; `None` if they are not all there, or cannot be read and may be stored elsewhere.
    pub async fn get(&self, location: PieceLocation, from: usize, len: usize) -> Result<Option<Vec<u8>>, StoreError> {
        match self.memory.get().filter(|_| self.moved.borrow().contains(&location.index)) {
            Some(memory) => memory.get(location, from, len).await,
            None => match self.entry.get(location, from, len).await {
                Err(StoreError::Failed(_)) if self.fallback.is_some() => Ok(None),
                result => result,
            },
        }
    }

    pub async fn close(&self) -> Result<(), StoreError> {
        let result = self.entry.close().await;
        if self.in_memory() { Ok(()) } else { result }
    }

    /// Removes all pieces from wherever they are.
    pub async fn remove(&self, store: &dyn Store) -> Result<(), StoreError> {
        if let (Some(fallback), true) = (&self.fallback, self.in_memory()) {
            fallback.remove(&self.key).await?;
        }
        store.remove(&self.key).await
    }

    /// A store that fails for another reason than a lack of room is not used any more, where there is another.
    fn or_use_memory(&self, result: Result<(), StoreError>) -> Result<(), StoreError> {
        match result {
            Err(StoreError::Failed(_)) if self.use_memory() => Ok(()),
            result => result,
        }
    }

    /// Whether there is a fallback, which is used from now on.
    fn use_memory(&self) -> bool {
        if let Some(fallback) = &self.fallback {
            self.memory.get_or_init(|| fallback.entry(&self.key));
        }
        self.in_memory()
    }
}

//! What models computed, by the content that they read: in memory, and where a folder is given, on disk for the next run.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::error::EvalError;
use super::record_log::{RecordLog, others_like};

/// What a result is of.
pub type ContentKey = [u8; KEY_BYTES];

const KEY_BYTES: usize = 16;
const VALUE_BYTES: usize = 4;
/// The key of what the model gave for a text of ours.
const PROBE: ContentKey = [0; KEY_BYTES];
/// How far two devices may be apart in it.
const PROBE_TOLERANCE: f32 = 0.01;

/// Vectors or scores, all with the same number of values.
pub struct ResultStore {
    log: Option<RecordLog>,
    width: usize,
    places: HashMap<ContentKey, usize>,
    values: Vec<f32>,
}

impl ResultStore {
    /// Reads what a folder holds of results of this kind, made as `description` says: the model, and all that changes what it
    /// gives. Without a folder, results last as long as the run.
    pub fn open(folder: Option<&Path>, kind: &str, width: usize, description: &Value) -> Result<Self, EvalError> {
        let mut store = Self { log: None, width, places: HashMap::new(), values: Vec::new() };
        let Some(folder) = folder else { return Ok(store) };
        std::fs::create_dir_all(folder).map_err(|e| EvalError::write(folder, e))?;
        let heading =
            serde_json::json!({ "secondpass eval": 1, "kind": kind, "values": width, "of": description }).to_string();
        let start = format!("{kind}-");
        let path = folder.join(format!("{start}{}.bin", hex(&key(&[heading.as_bytes()]))));
        let others = others_like(&path, &start);
        let record_bytes = KEY_BYTES + width * VALUE_BYTES;
        store.log = Some(RecordLog::open(path, &heading, record_bytes, |record| {
            let (key, values) = record.split_at(KEY_BYTES);
            let values = values.chunks_exact(VALUE_BYTES).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
            store.keep(key.try_into().expect("the bytes of a key"), values);
        })?);
        if store.is_empty() && others > 0 {
            eprintln!(
                "{}: the {kind} of another model or of other settings are there, and stay unused",
                folder.display()
            );
        }
        Ok(store)
    }

    /// Forgets everything if the model now gives something else for a text of ours: weights of the same name and size may
    /// have been trained further.
    pub fn compare_probe(&mut self, probe: &[f32]) -> Result<(), EvalError> {
        let close = |(a, b): (&f32, &f32)| (a - b).abs() <= PROBE_TOLERANCE * b.abs().max(1.0);
        match self.get(&PROBE) {
            Some(before) if before.iter().zip(probe).all(close) => return Ok(()),
            _ if self.is_empty() => {}
            _ => {
                eprintln!("The model's weights are others than those of the earlier run: all is computed again");
                self.places.clear();
                self.values.clear();
                self.log.as_mut().map_or(Ok(()), RecordLog::clear)?;
            }
        }
        self.insert(PROBE, probe)
    }

    fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Whether there is a result.
    pub fn contains(&self, key: &ContentKey) -> bool {
        self.places.contains_key(key)
    }

    /// A result.
    pub fn get(&self, key: &ContentKey) -> Option<&[f32]> {
        let place = self.places.get(key)?;
        Some(&self.values[place * self.width..(place + 1) * self.width])
    }

    /// Keeps a result, and appends it to the folder's file.
    pub fn insert(&mut self, key: ContentKey, values: &[f32]) -> Result<(), EvalError> {
        assert_eq!(values.len(), self.width, "a result of another width");
        if self.contains(&key) {
            return Ok(());
        }
        if let Some(log) = &mut self.log {
            let bytes = values.iter().flat_map(|value| value.to_le_bytes());
            log.append(&key.into_iter().chain(bytes).collect::<Vec<u8>>())?;
        }
        self.keep(key, values.iter().copied());
        Ok(())
    }

    fn keep(&mut self, key: ContentKey, values: impl Iterator<Item = f32>) {
        let place = self.places.len();
        if let Entry::Vacant(vacant) = self.places.entry(key) {
            vacant.insert(place);
            self.values.extend(values);
        }
    }
}

/// The key of several parts, of which the lengths count too.
pub fn key(parts: &[&[u8]]) -> ContentKey {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize()[..KEY_BYTES].try_into().expect("a longer hash")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

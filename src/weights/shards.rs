//! The safetensors files of a folder: `model.safetensors`, or the shards that an index names.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::WeightsError;
use crate::bytes::{Folder, FolderFile, SourceError, read_required};

/// The file that holds all weights, where they are not split into shards.
pub const SINGLE_FILE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
const MAX_INDEX_BYTES: u64 = 16 << 20;
const MAX_SHARDS: usize = 1024;

#[derive(Deserialize)]
struct ShardIndex {
    weight_map: BTreeMap<String, String>,
}

/// Opens the safetensors files of a folder. A folder without any gives `model.safetensors` as a missing file, so that
/// what else is wrong with the folder is reported first.
pub async fn open_safetensors(folder: &dyn Folder) -> Result<Vec<FolderFile>, WeightsError> {
    let single = FolderFile::open(folder, SINGLE_FILE).await?;
    if single.exists() {
        return Ok(vec![single]);
    }
    let index = match read_required(folder, INDEX, MAX_INDEX_BYTES).await {
        Err(SourceError::NotFound { .. }) => return Ok(vec![single]),
        index => index?,
    };
    let mut files = Vec::new();
    for name in shard_names(&index)? {
        files.push(FolderFile::open_part(folder, &name).await?);
    }
    Ok(files)
}

/// The files that an index names. They are names within the folder: an index must not reach out of it.
fn shard_names(index: &[u8]) -> Result<Vec<String>, WeightsError> {
    let invalid = |detail: String| WeightsError::invalid(INDEX, detail);
    let index: ShardIndex = serde_json::from_slice(index).map_err(|e| invalid(e.to_string()))?;
    let mut files: Vec<String> = index.weight_map.into_values().collect();
    files.sort_unstable();
    files.dedup();
    if files.len() > MAX_SHARDS {
        return Err(invalid(format!("it names more than {MAX_SHARDS} files")));
    }
    let is_plain = |file: &String| {
        file.ends_with(".safetensors")
            && !file.starts_with('.')
            && file.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    match files.iter().find(|file| !is_plain(file)) {
        Some(file) => Err(invalid(format!("it names \"{file}\", which is no plain file name"))),
        None => Ok(files),
    }
}

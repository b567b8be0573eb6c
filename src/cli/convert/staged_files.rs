//! Output files that get their final names only when all of them are complete.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use super::error::ConvertError;

/// The extension of a file that is not complete.
const PARTIAL: &str = ".partial";
const BUFFER_BYTES: usize = 1 << 20;

/// The files of one run. Dropped without a commit, they are removed.
pub struct StagedFiles {
    folder: PathBuf,
    names: Vec<String>,
    committed: bool,
}

impl StagedFiles {
    /// Creates the folder, refuses to replace existing files unless `force` is set, and removes the leftovers of interrupted
    /// runs for the same `stems`.
    pub fn prepare(folder: &Path, stems: &[String], names: Vec<String>, force: bool) -> Result<Self, ConvertError> {
        fs::create_dir_all(folder)
            .map_err(|source| ConvertError::CreateFolder { folder: folder.to_owned(), source })?;
        for path in names.iter().map(|name| folder.join(name)) {
            if path.is_dir() {
                return Err(ConvertError::FolderInTheWay(path));
            }
            if path.exists() && !force {
                return Err(ConvertError::FileExists(path));
            }
        }
        remove_leftovers(folder, stems)?;
        Ok(Self { folder: folder.to_owned(), names, committed: false })
    }

    /// The path of a file until the commit.
    pub fn partial_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}{PARTIAL}"))
    }

    /// Creates a file under its partial path.
    pub fn create(&self, name: &str) -> Result<BufWriter<File>, ConvertError> {
        let path = self.partial_path(name);
        let file = File::create_new(&path).map_err(|e| ConvertError::write(&path, e))?;
        Ok(BufWriter::with_capacity(BUFFER_BYTES, file))
    }

    /// Renames all files to their final names, in reverse: the first is the one that a reader opens, and by then the
    /// others are there.
    pub fn commit(mut self) -> Result<(), ConvertError> {
        for (i, name) in self.names.iter().enumerate().rev() {
            let path = self.folder.join(name);
            if let Err(e) = fs::rename(self.partial_path(name), &path) {
                for renamed in &self.names[i + 1..] {
                    let _ = fs::remove_file(self.folder.join(renamed));
                }
                return Err(ConvertError::write(&path, e));
            }
        }
        self.committed = true;
        // Makes the new names durable. Some systems cannot sync a folder; the files themselves are on disk anyway.
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

impl Drop for StagedFiles {
    fn drop(&mut self) {
        if !self.committed {
            for name in &self.names {
                let _ = fs::remove_file(self.partial_path(name));
            }
        }
    }
}

fn remove_leftovers(folder: &Path, stems: &[String]) -> Result<(), ConvertError> {
    let entries =
        fs::read_dir(folder).map_err(|source| ConvertError::ReadFolder { folder: folder.to_owned(), source })?;
    for entry in entries.flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        if name.to_str().is_some_and(|name| stems.iter().any(|stem| is_leftover(name, stem))) {
            fs::remove_file(&path).map_err(|source| ConvertError::RemoveLeftover { path, source })?;
        }
    }
    Ok(())
}

/// Whether an interrupted run for `stem` could have left this file, split or not.
pub fn is_leftover(file: &str, stem: &str) -> bool {
    let rest = file.strip_suffix(PARTIAL).and_then(|f| f.strip_suffix(".gguf")).and_then(|f| f.strip_prefix(stem));
    let is_number = |digits: &str| digits.len() == 5 && digits.bytes().all(|b| b.is_ascii_digit());
    match rest {
        Some("") => true,
        Some(part) => part
            .strip_prefix('-')
            .and_then(|part| part.split_once("-of-"))
            .is_some_and(|(part, parts)| is_number(part) && is_number(parts)),
        None => false,
    }
}

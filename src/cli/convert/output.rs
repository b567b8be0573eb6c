//! Files that get their names only when all of them are complete.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind};
use std::path::{Path, PathBuf};

/// What a file's name ends in until then.
const PARTIAL: &str = ".partial";

/// The files of one run. Unless it is committed, it leaves none of them.
pub struct Output {
    folder: PathBuf,
    names: Vec<String>,
    committed: bool,
}

impl Output {
    /// Makes the folder, refuses to replace files unless told to, and removes what an interrupted run left of files
    /// whose names begin with one of `stems`.
    pub fn prepare(folder: &Path, stems: &[String], names: Vec<String>, force: bool) -> Result<Self, String> {
        fs::create_dir_all(folder).map_err(|e| format!("the folder {} cannot be made: {e}", folder.display()))?;
        for path in names.iter().map(|name| folder.join(name)) {
            if path.is_dir() {
                return Err(format!("{} is a folder; a file of that name is to be written", path.display()));
            }
            if path.exists() && !force {
                return Err(format!("{} is there already; use --force to replace it", path.display()));
            }
        }
        remove_leftovers(folder, stems)?;
        Ok(Self { folder: folder.to_owned(), names, committed: false })
    }

    /// Where a file is until it gets its name.
    pub fn partial(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}{PARTIAL}"))
    }

    /// Creates a file, not under its name yet.
    pub fn create(&self, name: &str) -> Result<BufWriter<File>, String> {
        let path = self.partial(name);
        let file = File::create_new(&path).map_err(|e| write_failed(&path, &e))?;
        Ok(BufWriter::with_capacity(1 << 20, file))
    }

    /// Gives all files their names, the first last: it is the one that is opened, so whoever sees it has the others.
    pub fn commit(mut self) -> Result<(), String> {
        for (at, name) in self.names.iter().enumerate().rev() {
            let path = self.folder.join(name);
            if let Err(e) = fs::rename(self.partial(name), &path) {
                for named in &self.names[at + 1..] {
                    let _ = fs::remove_file(self.folder.join(named));
                }
                return Err(write_failed(&path, &e));
            }
        }
        self.committed = true;
        // The names are on the disk when the folder is. Not every system can do this, and the files are whole without.
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.committed {
            for name in &self.names {
                let _ = fs::remove_file(self.partial(name));
            }
        }
    }
}

/// What to say of a file that could not be written.
pub fn write_failed(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            format!("{} could not be written: the disk is full; nothing was kept", path.display())
        }
        _ => format!("{} could not be written: {error}", path.display()),
    }
}

fn remove_leftovers(folder: &Path, stems: &[String]) -> Result<(), String> {
    let failed = |path: &Path, e: &io::Error| format!("{} cannot be removed: {e}; remove it", path.display());
    let entries = fs::read_dir(folder).map_err(|e| format!("the folder {} cannot be read: {e}", folder.display()))?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| stems.iter().any(|stem| is_leftover(name, stem))) {
            fs::remove_file(entry.path()).map_err(|e| failed(&entry.path(), &e))?;
        }
    }
    Ok(())
}

/// Whether a file is one that a run for these names leaves when it is interrupted: the whole or a part.
pub fn is_leftover(file: &str, stem: &str) -> bool {
    let rest = file.strip_suffix(PARTIAL).and_then(|f| f.strip_suffix(".gguf")).and_then(|f| f.strip_prefix(stem));
    let number = |digits: &str| digits.len() == 5 && digits.bytes().all(|b| b.is_ascii_digit());
    match rest {
        Some("") => true,
        Some(part) => part
            .strip_prefix('-')
            .and_then(|part| part.split_once("-of-"))
            .is_some_and(|(part, parts)| number(part) && number(parts)),
        None => false,
    }
}

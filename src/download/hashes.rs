//! The hashes that a page gives for `integrity`, and which file each is of.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::integrity::Integrity;

/// Hashes by file name or by role (`model`, `vision`).
#[derive(Default)]
pub struct ExpectedHashes {
    given: BTreeMap<String, Integrity>,
    /// The address of the file in each role.
    roles: RefCell<BTreeMap<&'static str, String>>,
    used: RefCell<BTreeSet<String>>,
}

impl ExpectedHashes {
    /// As the page gave them.
    pub fn new(given: BTreeMap<String, Integrity>) -> Self {
        Self { given, ..Self::default() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// Says which file has a role. Two files of one name in two folders are two files.
    pub fn assign(&self, role: &'static str, address: &str) {
        self.roles.borrow_mut().insert(role, address.to_owned());
    }

    /// The expected hash of a file.
    pub fn of(&self, address: &str, file: &str) -> Option<Integrity> {
        self.find(address, file).map(|(_, hash)| hash)
    }

    /// The file exists, and will be compared with its hash.
    pub fn mark_used(&self, address: &str, file: &str) {
        let Some((key, hash)) = self.find(address, file) else { return };
        let mut used = self.used.borrow_mut();
        used.insert(key);
        // The same hash may be given by role and by name.
        if self.given.get(file) == Some(&hash) {
            used.insert(file.to_owned());
        }
    }

    fn find(&self, address: &str, file: &str) -> Option<(String, Integrity)> {
        let roles = self.roles.borrow();
        let by_role = roles.iter().find(|(role, at)| *at == address && self.given.contains_key(**role));
        let key = by_role.map_or(file, |(role, _)| *role);
        // A key that is the name of an assigned role means the role.
        let taken = by_role.is_none() && roles.contains_key(key);
        self.given.get(key).filter(|_| !taken).map(|hash| (key.to_owned(), *hash))
    }

    /// A hash of none of the files, which nothing would ever check.
    pub fn unused(&self) -> Option<&str> {
        let used = self.used.borrow();
        self.given.keys().find(|name| !used.contains(*name)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::super::integrity::IntegrityHasher;
    use super::*;

    fn hash(text: &str) -> Integrity {
        let mut hasher = IntegrityHasher::default();
        hasher.update(text.as_bytes());
        hasher.finish()
    }

    fn hashes(names: &[&str]) -> ExpectedHashes {
        ExpectedHashes::new(names.iter().map(|name| ((*name).to_owned(), hash(name))).collect())
    }

    #[test]
    fn two_files_of_one_name_have_separate_hashes() {
        let hashes = hashes(&["model", "vision"]);
        hashes.assign("model", "https://one/model.gguf");
        hashes.assign("vision", "https://two/model.gguf");
        assert_eq!(hashes.of("https://one/model.gguf", "model.gguf"), Some(hash("model")));
        assert_eq!(hashes.of("https://two/model.gguf", "model.gguf"), Some(hash("vision")));
        assert_eq!(hashes.of("https://one/other", "other"), None);
        assert_eq!(hashes.unused(), Some("model"));
        hashes.mark_used("https://one/model.gguf", "model.gguf");
        hashes.mark_used("https://two/model.gguf", "model.gguf");
        assert_eq!(hashes.unused(), None);
    }

    #[test]
    fn a_hash_of_no_file_is_found() {
        for (given, unused) in [("modle.safetensors", true), ("vision", true), ("model", true), ("part-2.gguf", false)]
        {
            let hashes = hashes(&["config.json", given]);
            hashes.assign("model", "https://one/model.safetensors");
            assert!(hashes.of("https://one/model.safetensors", "model.safetensors").is_none() || given == "model");
            hashes.mark_used("https://one/config.json", "config.json");
            hashes.mark_used("https://one/part-2.gguf", "part-2.gguf");
            assert_eq!(hashes.unused(), unused.then_some(given));
        }
    }
}

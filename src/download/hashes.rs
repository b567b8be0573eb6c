//! The hashes that a page gives, and which of its files each is of.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::integrity::Integrity;

/// Hashes by what the page calls their files: a file's name, or the part that it plays (`model`, `vision`).
#[derive(Default)]
pub struct Hashes {
    given: BTreeMap<String, Integrity>,
    /// Where the file is that plays a part.
    parts: RefCell<BTreeMap<&'static str, String>>,
    met: RefCell<BTreeSet<String>>,
}

impl Hashes {
    /// As the page gave them.
    pub fn new(given: BTreeMap<String, Integrity>) -> Self {
        Self { given, ..Self::default() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// Says which file plays a part. Two files of one name in two folders are two files.
    pub fn assign(&self, part: &'static str, place: &str) {
        self.parts.borrow_mut().insert(part, place.to_owned());
    }

    /// The hash of a file.
    pub fn of(&self, place: &str, file: &str) -> Option<Integrity> {
        self.find(place, file).map(|(_, hash)| hash)
    }

    /// There is such a file, and it is compared with its hash.
    pub fn meet(&self, place: &str, file: &str) {
        let Some((key, hash)) = self.find(place, file) else { return };
        let mut met = self.met.borrow_mut();
        met.insert(key);
        // Said twice in the same way, it is said once.
        if self.given.get(file) == Some(&hash) {
            met.insert(file.to_owned());
        }
    }

    fn find(&self, place: &str, file: &str) -> Option<(String, Integrity)> {
        let parts = self.parts.borrow();
        let plays = parts.iter().find(|(part, at)| *at == place && self.given.contains_key(**part));
        let key = plays.map_or(file, |(part, _)| *part);
        // A name that is also that of a part means the part.
        let taken = plays.is_none() && parts.contains_key(key);
        self.given.get(key).filter(|_| !taken).map(|hash| (key.to_owned(), *hash))
    }

    /// A hash that no file has met, and that nothing would ever check.
    pub fn unmet(&self) -> Option<&str> {
        let met = self.met.borrow();
        self.given.keys().find(|name| !met.contains(*name)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::super::integrity::Hasher;
    use super::*;

    fn hash(text: &str) -> Integrity {
        let mut hasher = Hasher::default();
        hasher.update(text.as_bytes());
        hasher.finish()
    }

    fn hashes(names: &[&str]) -> Hashes {
        Hashes::new(names.iter().map(|name| ((*name).to_owned(), hash(name))).collect())
    }

    #[test]
    fn two_files_of_one_name_have_each_their_own() {
        let hashes = hashes(&["model", "vision"]);
        hashes.assign("model", "https://one/model.gguf");
        hashes.assign("vision", "https://two/model.gguf");
        assert_eq!(hashes.of("https://one/model.gguf", "model.gguf"), Some(hash("model")));
        assert_eq!(hashes.of("https://two/model.gguf", "model.gguf"), Some(hash("vision")));
        assert_eq!(hashes.of("https://one/other", "other"), None);
        assert_eq!(hashes.unmet(), Some("model"));
        hashes.meet("https://one/model.gguf", "model.gguf");
        hashes.meet("https://two/model.gguf", "model.gguf");
        assert_eq!(hashes.unmet(), None);
    }

    #[test]
    fn a_hash_that_nothing_would_check_is_found() {
        for (given, unmet) in [("modle.safetensors", true), ("vision", true), ("model", true), ("part-2.gguf", false)] {
            let hashes = hashes(&["config.json", given]);
            hashes.assign("model", "https://one/model.safetensors");
            assert!(hashes.of("https://one/model.safetensors", "model.safetensors").is_none() || given == "model");
            hashes.meet("https://one/config.json", "config.json");
            hashes.meet("https://one/part-2.gguf", "part-2.gguf");
            assert_eq!(hashes.unmet(), unmet.then_some(given));
        }
    }
}

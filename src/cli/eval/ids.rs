//! Documents by their ids.

use std::collections::HashMap;
use std::rc::Rc;

/// Numbers of documents, given in the order in which their ids are met. Those of the corpus come first; judgments and runs
/// may name others.
#[derive(Default)]
pub struct DocumentIds {
    names: Vec<Rc<str>>,
    numbers: HashMap<Rc<str>, usize>,
}

impl DocumentIds {
    /// The number of a new id; none if it was there before.
    pub fn add(&mut self, name: &str) -> Option<usize> {
        if self.numbers.contains_key(name) {
            return None;
        }
        let (number, name) = (self.names.len(), Rc::<str>::from(name));
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        Some(number)
    }

    /// The number of an id, which may be new.
    pub fn number_or_add(&mut self, name: &str) -> usize {
        match self.number(name) {
            Some(number) => number,
            None => self.add(name).expect("an id that is not there"),
        }
    }

    /// The number of an id.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// The id of a number.
    pub fn name(&self, number: usize) -> &str {
        &self.names[number]
    }

    /// All ids.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }
}

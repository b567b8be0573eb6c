//! The metadata of a GGUF file.

use std::collections::BTreeMap;

use crate::weights::error::WeightsError;

/// One metadata value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// An unsigned integer of any width.
    Unsigned(u64),
    /// A signed integer of any width.
    Signed(i64),
    /// A float of either width.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// A string.
    String(String),
    /// A list of strings.
    Strings(Vec<String>),
    /// A list of numbers; booleans are 0 and 1.
    Numbers(Vec<f64>),
}

/// All values by their keys.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    pub(super) file: String,
    pub(super) values: BTreeMap<String, Value>,
}

impl Metadata {
    /// The name of the file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// All keys and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// An integer, if the key is there and its value is one.
    pub fn number(&self, key: &str) -> Option<usize> {
        match self.get(key)? {
            Value::Unsigned(n) => usize::try_from(*n).ok(),
            Value::Signed(n) => usize::try_from(*n).ok(),
            _ => None,
        }
    }

    /// An integer that must be there.
    pub fn required_number(&self, key: &str) -> Result<usize, WeightsError> {
        self.number(key).ok_or_else(|| self.missing(key))
    }

    /// A float.
    pub fn float(&self, key: &str) -> Option<f64> {
        match self.get(key)? {
            Value::Float(n) => Some(*n),
            _ => None,
        }
    }

    /// A boolean.
    pub fn boolean(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A string.
    pub fn string(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A list of strings.
    pub fn strings(&self, key: &str) -> Option<&[String]> {
        match self.get(key)? {
            Value::Strings(list) => Some(list),
            _ => None,
        }
    }

    /// A list of numbers.
    pub fn numbers(&self, key: &str) -> Option<&[f64]> {
        match self.get(key)? {
            Value::Numbers(list) => Some(list),
            _ => None,
        }
    }

    /// The error for a required key that is missing.
    pub fn missing(&self, key: &str) -> WeightsError {
        WeightsError::invalid(&self.file, format!("its metadata lacks {key}"))
    }
}

//! The metadata of a GGUF file.

use std::collections::BTreeMap;

use crate::bytes::WeightsError;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Any unsigned number.
    Unsigned(u64),
    /// Any signed number.
    Signed(i64),
    /// Any float.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A text.
    String(String),
    /// A list of texts.
    Strings(Vec<String>),
    /// A list of numbers; truth values are 0 and 1.
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

    /// A whole number, if it is there and is one.
    pub fn number(&self, key: &str) -> Option<usize> {
        match self.get(key)? {
            Value::Unsigned(n) => usize::try_from(*n).ok(),
            Value::Signed(n) => usize::try_from(*n).ok(),
            _ => None,
        }
    }

    /// A whole number that must be there.
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

    /// A text.
    pub fn string(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A list of texts.
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

    /// The error of a key that must be there.
    pub fn missing(&self, key: &str) -> WeightsError {
        WeightsError::Invalid { file: self.file.clone(), detail: format!("its metadata lacks {key}") }
    }
}

//! Fields that several requests have.

use serde_json::{Map, Value};

use super::error::RequestError;
use super::limits::MAX_TEXT_BYTES;

pub(super) fn instruction(fields: &Map<String, Value>) -> Result<Option<String>, RequestError> {
    match fields.get("instruction").or_else(|| fields.get("instruct")) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if text.len() > MAX_TEXT_BYTES => {
            Err(RequestError::invalid(format!("instruction is longer than {MAX_TEXT_BYTES} bytes")))
        }
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(RequestError::invalid("instruction must be a string")),
    }
}

/// Reads a limit. 0 means no limit, as in vLLM.
pub(super) fn count(fields: &Map<String, Value>, name: &str) -> Result<Option<usize>, RequestError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().and_then(|n| usize::try_from(n).ok()) {
            Some(n) => Ok((n > 0).then_some(n)),
            None => Err(RequestError::invalid(format!("{name} must be a whole number, 0 or more"))),
        },
    }
}

pub(super) fn rate(fields: &Map<String, Value>, name: &str) -> Result<Option<f64>, RequestError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64().filter(|n| n.is_finite() && *n > 0.0) {
            Some(n) => Ok(Some(n)),
            None => Err(RequestError::invalid(format!("{name} must be a number above 0"))),
        },
    }
}

pub(super) fn boolean(fields: &Map<String, Value>, name: &str) -> Result<bool, RequestError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(RequestError::invalid(format!("{name} must be true or false"))),
    }
}

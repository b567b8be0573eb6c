//! SentencePiece's table of normalizations, which a `tokenizer.json` holds as base64.
//!
//! The `tokenizers` crate trusts it: a table that points out of itself ends the program at the first text that leads there,
//! or already when it is read. So every path through it is checked before.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// The largest table that is read; the one of all published models has 300 KB.
const MAX_TABLE_BYTES: usize = 16 << 20;

/// How deep normalizers may be nested.
const MAX_DEPTH: usize = 8;

/// Checks every table within a `normalizer`.
pub fn check_tables(normalizer: &Value) -> Result<(), &'static str> {
    check_within(normalizer, MAX_DEPTH)
}

fn check_within(normalizer: &Value, depth: usize) -> Result<(), &'static str> {
    if depth == 0 {
        return Err("its normalizers are nested too deep");
    }
    if normalizer.get("type").and_then(Value::as_str) == Some("Precompiled")
        || normalizer.get("precompiled_charsmap").is_some()
    {
        let encoded = normalizer.get("precompiled_charsmap").and_then(Value::as_str);
        let bytes =
            encoded.and_then(|text| STANDARD.decode(text).ok()).ok_or("its precompiled_charsmap is no base64")?;
        return check_table(&bytes);
    }
    let list = normalizer.get("normalizers").and_then(Value::as_array);
    list.into_iter().flatten().try_for_each(|inner| check_within(inner, depth - 1))
}

/// A table: the length of a double array in bytes, the array, and the texts that its values point to.
fn check_table(bytes: &[u8]) -> Result<(), &'static str> {
    const WRONG: &str = "its precompiled_charsmap is damaged";
    if bytes.len() > MAX_TABLE_BYTES {
        return Err("its precompiled_charsmap is larger than any published one");
    }
    let (len, rest) = bytes.split_first_chunk::<4>().ok_or(WRONG)?;
    let (array, texts) = rest.split_at_checked(u32::from_le_bytes(*len) as usize / 4 * 4).ok_or(WRONG)?;
    let texts = std::str::from_utf8(texts).map_err(|_| WRONG)?;
    let units: Vec<u32> = array.as_chunks::<4>().0.iter().map(|unit| u32::from_le_bytes(*unit)).collect();
    let mut seen = vec![false; units.len()];
    let mut nodes = vec![offset(*units.first().ok_or(WRONG)?)];
    while let Some(node) = nodes.pop() {
        for label in 1..=u8::MAX {
            let at = node ^ usize::from(label);
            let unit = *units.get(at).ok_or(WRONG)?;
            // The search ends at a unit with another label.
            if unit & (1 << 31 | 0xFF) != u32::from(label) || std::mem::replace(&mut seen[at], true) {
                continue;
            }
            let next = at ^ offset(unit);
            if unit >> 8 & 1 == 1 {
                let value = (units.get(next).ok_or(WRONG)? & !(1 << 31)) as usize;
                let end = texts.as_bytes().get(value..).ok_or(WRONG)?.iter().position(|&byte| byte == 0);
                let end = value + end.unwrap_or(texts.len() - value);
                texts.get(value..end).ok_or(WRONG)?;
            }
            nodes.push(next);
        }
    }
    Ok(())
}

/// Where a unit's children are, relative to it.
fn offset(unit: u32) -> usize {
    ((unit >> 10) as usize) << ((unit & 1 << 9) >> 6)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table() -> Vec<u8> {
        let file = include_bytes!("../../tests/fixtures/encoder/xlm-roberta/tokenizer.json");
        let value: Value = serde_json::from_slice(file).expect("JSON");
        let mut normalizer = &value["normalizer"];
        while let Some(inner) = normalizer.get("normalizers") {
            normalizer = &inner[0];
        }
        STANDARD.decode(normalizer["precompiled_charsmap"].as_str().expect("a table")).expect("base64")
    }

    #[test]
    fn a_published_table_is_right_and_a_damaged_one_is_refused() {
        let table = table();
        assert_eq!(check_table(&table), Ok(()));
        assert!(check_table(&[]).is_err() && check_table(&[255; 12]).is_err());
        assert!(check_table(&table[..table.len() / 2]).is_err(), "texts are missing");
        let mut shifted = table.clone();
        // The root's children lie far behind the end.
        shifted[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(check_table(&shifted).is_err());
    }

    #[test]
    fn tables_are_found_wherever_they_are_nested() {
        let wrong = json!({"type": "Precompiled", "precompiled_charsmap": "AAAA"});
        for normalizer in [
            wrong.clone(),
            json!({"type": "Precompiled", "precompiled_charsmap": null}),
            json!({"precompiled_charsmap": "?"}),
            json!({"type": "Sequence", "normalizers": [{"type": "NFC"}, wrong]}),
        ] {
            assert!(check_tables(&normalizer).is_err(), "{normalizer}");
        }
        let deep = (0..20).fold(json!({"type": "NFC"}), |inner, _| json!({"type": "Sequence", "normalizers": [inner]}));
        assert!(check_tables(&deep).is_err());
        assert_eq!(check_tables(&json!({"type": "Sequence", "normalizers": [{"type": "NFC"}]})), Ok(()));
        assert_eq!(check_tables(&Value::Null), Ok(()));
    }
}

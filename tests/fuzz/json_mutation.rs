//! Changes a JSON text so that it stays one: a byte that is flipped mostly ends a parser at the first quotation mark.

use serde_json::{Value, json};

/// Kinds that a `tokenizer.json` may name, where a value decides how others are read.
const WORDS: [&str; 40] = [
    "BPE",
    "BertNormalizer",
    "BertPreTokenizer",
    "BertProcessing",
    "ByteLevel",
    "CharDelimiterSplit",
    "Contiguous",
    "Digits",
    "FixedLength",
    "Isolated",
    "Lowercase",
    "MergedWithNext",
    "MergedWithPrevious",
    "Metaspace",
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
    "Nmt",
    "Precompiled",
    "Prepend",
    "Punctuation",
    "Regex",
    "Removed",
    "Replace",
    "RobertaProcessing",
    "Sequence",
    "Split",
    "String",
    "Strip",
    "StripAccents",
    "TemplateProcessing",
    "UnicodeScripts",
    "Unigram",
    "Whitespace",
    "WhitespaceSplit",
    "WordLevel",
    "WordPiece",
    "first",
    "never",
];

/// Before the name of each file, in a text of several.
pub const FILE_MARK: &str = "\n---- ";

/// What a text becomes by one to three changes; `None` if it is no JSON. Of a text of several files one is changed. `below`
/// gives random numbers below a limit.
pub fn mutate_json(bytes: &[u8], below: &mut dyn FnMut(usize) -> usize) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let files: Vec<&str> = text.split(FILE_MARK).collect();
    let at = below(files.len());
    let (name, json) = if files.len() > 1 { files[at].split_once('\n')? } else { ("", text) };
    let mut root: Value = serde_json::from_str(json).ok()?;
    for _ in 0..=below(3) {
        let donor = find(&mut root, below).clone();
        change(find(&mut root, below), donor, below);
    }
    if files.len() == 1 {
        return Some(root.to_string().into_bytes());
    }
    let changed = format!("{name}\n{root}");
    Some([&files[..at], &[changed.as_str()], &files[at + 1..]].concat().join(FILE_MARK).into_bytes())
}

/// A value somewhere within. Those near the root are found more often: a vocabulary has thousands, and each of them matters little.
fn find<'a>(value: &'a mut Value, below: &mut dyn FnMut(usize) -> usize) -> &'a mut Value {
    let len = match value {
        Value::Array(list) => list.len(),
        Value::Object(fields) => fields.len(),
        _ => 0,
    };
    if len == 0 || below(6) == 0 {
        return value;
    }
    let at = below(len);
    match value {
        Value::Array(list) => find(&mut list[at], below),
        Value::Object(fields) => find(fields.values_mut().nth(at).expect("one of them"), below),
        _ => unreachable!("it has children"),
    }
}

fn change(value: &mut Value, donor: Value, below: &mut dyn FnMut(usize) -> usize) {
    match value {
        Value::Array(list) if below(2) == 0 => change_list(list, donor, below),
        Value::Object(fields) if !fields.is_empty() && below(2) == 0 => {
            let key = fields.keys().nth(below(fields.len())).expect("one of them").clone();
            match below(2) {
                0 => drop(fields.remove(&key)),
                _ => drop(fields.insert(key, donor)),
            }
        }
        Value::String(text) if below(2) == 0 => change_text(text, &donor, below),
        Value::Number(number) if below(2) == 0 => {
            let near = number.as_i64().map(|n| n.saturating_add(below(3) as i64 - 1));
            *value = near.map_or(json!(0), Value::from);
        }
        _ => *value = if below(3) == 0 { donor } else { scalar(below) },
    }
}

fn change_list(list: &mut Vec<Value>, donor: Value, below: &mut dyn FnMut(usize) -> usize) {
    let at = below(list.len() + 1);
    match below(5) {
        0 => list.insert(at, donor),
        1 => list.truncate(at),
        2 => list.extend(list.clone().into_iter().take(64)),
        3 if at < list.len() => drop(list.remove(at)),
        _ if at < list.len() => {
            let other = below(list.len());
            list.swap(at, other);
        }
        _ => {}
    }
}

fn change_text(text: &mut String, donor: &Value, below: &mut dyn FnMut(usize) -> usize) {
    let at = text.floor_char_boundary(below(text.len() + 1));
    match below(4) {
        0 => text.truncate(at),
        1 => text.insert_str(at, donor.as_str().unwrap_or("\u{301}")),
        2 => *text = WORDS[below(WORDS.len())].to_owned(),
        _ => text.insert(at, ['a', ' ', '\0', '\u{2581}', '#', '(', '*', '\u{10FFFF}'][below(8)]),
    }
}

fn scalar(below: &mut dyn FnMut(usize) -> usize) -> Value {
    let values = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(-1),
        json!(0.5),
        json!(1e300),
        json!(u32::MAX),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(""),
        json!("a"),
        json!([]),
        json!({}),
        json!(WORDS[below(WORDS.len())]),
    ];
    values[below(values.len())].clone()
}

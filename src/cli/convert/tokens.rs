//! The tokenizer as GGUF files keep it: a token and its kind for each row of the table, and the merges.

use serde::Deserialize;
use serde_json::Value;

const NORMAL: i32 = 1;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const UNUSED: i32 = 5;

/// The lists of a GGUF file.
pub struct Tokens {
    /// All tokens, by their ids.
    pub tokens: Vec<String>,
    /// The kind of each.
    pub kinds: Vec<i32>,
    /// Pairs that are merged, in order.
    pub merges: Vec<String>,
    /// The token that ends a turn.
    pub eos: Option<u32>,
    /// The token that fills a batch.
    pub padding: Option<u32>,
}

#[derive(Deserialize)]
struct File {
    model: Bpe,
    #[serde(default)]
    added_tokens: Vec<Added>,
}

#[derive(Deserialize)]
struct Bpe {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    byte_fallback: bool,
    vocab: std::collections::BTreeMap<String, u32>,
    merges: Vec<Merge>,
}

/// Older files write a merge as one text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Merge {
    Joined(String),
    Pair(String, String),
}

#[derive(Deserialize)]
struct Added {
    id: u32,
    content: String,
    #[serde(default)]
    special: bool,
}

impl Tokens {
    /// From the bytes of a `tokenizer.json` and of the `tokenizer_config.json` beside it. A table may have more rows
    /// than there are tokens: the others get names that stand for nothing, as llama.cpp wants one for each row.
    pub fn new(tokenizer: &[u8], beside: Option<&[u8]>, rows: usize) -> Result<Self, String> {
        let file: File = serde_json::from_slice(tokenizer).map_err(|e| e.to_string())?;
        if file.model.kind != "BPE" || file.model.byte_fallback {
            return Err("it is no byte-level BPE tokenizer, which every Qwen3 reranker has".to_owned());
        }
        let mut slots: Vec<Option<(String, i32)>> = Vec::new();
        slots.resize_with(rows, || None);
        for (token, id) in file.model.vocab {
            let slot = slot(&mut slots, id, &token)?;
            if let Some((other, _)) = slot {
                return Err(format!("the tokens {other:?} and {token:?} have the same id, {id}"));
            }
            *slot = Some((token, NORMAL));
        }
        for Added { id, content, special } in file.added_tokens {
            let kind = if special { CONTROL } else { USER_DEFINED };
            let slot = slot(&mut slots, id, &content)?;
            *slot = Some((content, kind));
        }
        let named = |(id, slot): (usize, Option<(String, i32)>)| slot.unwrap_or_else(|| (format!("[PAD{id}]"), UNUSED));
        let (tokens, kinds): (Vec<String>, Vec<i32>) = slots.into_iter().enumerate().map(named).unzip();
        let merges = file.model.merges.into_iter().map(merge).collect::<Result<_, _>>()?;
        let beside = beside.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or(Value::Null);
        let id_of = |key: &str, usual: &str| {
            let token = &beside[key];
            let token = token.as_str().or(token["content"].as_str()).unwrap_or(usual);
            tokens.iter().position(|t| t == token).and_then(|id| u32::try_from(id).ok())
        };
        let (eos, padding) = (id_of("eos_token", "<|im_end|>"), id_of("pad_token", "<|endoftext|>"));
        Ok(Self { tokens, kinds, merges, eos, padding })
    }
}

fn slot<'a>(
    slots: &'a mut [Option<(String, i32)>],
    id: u32,
    token: &str,
) -> Result<&'a mut Option<(String, i32)>, String> {
    let rows = slots.len();
    slots.get_mut(id as usize).ok_or_else(|| {
        format!("the token {token:?} has the id {id}, but the model's table has {rows} rows; is it another model's?")
    })
}

fn merge(merge: Merge) -> Result<String, String> {
    let joined = match merge {
        Merge::Joined(text) => text,
        Merge::Pair(a, b) => format!("{a} {b}"),
    };
    // A GGUF file finds the two by the space between them.
    if joined.matches(' ').count() == 1 { Ok(joined) } else { Err(format!("{joined:?} is no merge of two tokens")) }
}

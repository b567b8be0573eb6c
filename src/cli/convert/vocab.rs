//! The tokenizer in the form of GGUF metadata: a token and its type for each row of the embedding table, and the merges.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::error::VocabError;

/// The values of llama.cpp's `LLAMA_TOKEN_TYPE_*` that Qwen3 tokenizers need.
#[derive(Clone, Copy)]
enum TokenType {
    Normal = 1,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
}

/// The lists of `tokenizer.ggml.*`.
#[derive(Debug)]
pub struct GgufVocab {
    /// All tokens by id.
    pub tokens: Vec<String>,
    /// The type of each token.
    pub token_types: Vec<i32>,
    /// Merges in order of priority, the two tokens separated by a space.
    pub merges: Vec<String>,
    /// The token that ends a turn.
    pub eos_id: Option<u32>,
    /// The token that pads a batch.
    pub padding_id: Option<u32>,
}

#[derive(Deserialize)]
struct TokenizerJson {
    model: BpeModel,
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
}

#[derive(Deserialize)]
struct BpeModel {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    byte_fallback: bool,
    vocab: BTreeMap<String, u32>,
    merges: Vec<BpeMerge>,
}

/// Files written before tokenizers 0.20 have a merge as one string.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum BpeMerge {
    Joined(String),
    Pair(String, String),
}

#[derive(Deserialize)]
pub struct AddedToken {
    id: u32,
    content: String,
    #[serde(default)]
    special: bool,
}

/// The token of each row of the embedding table, where it has one.
pub struct TokenRows(Vec<Option<(String, TokenType)>>);

impl GgufVocab {
    /// From the bytes of `tokenizer.json` and `tokenizer_config.json`. An embedding table often has more rows than there are
    /// tokens; llama.cpp wants a token for each row, so the others become unused ones.
    pub fn new(tokenizer: &[u8], tokenizer_config: Option<&[u8]>, rows: usize) -> Result<Self, VocabError> {
        let TokenizerJson { model, added_tokens } = serde_json::from_slice(tokenizer)?;
        if model.kind != "BPE" || model.byte_fallback {
            return Err(VocabError::NotByteLevelBpe);
        }
        let (tokens, token_types) = TokenRows::new(model.vocab, added_tokens, rows)?.into_lists();
        let merges = model.merges.into_iter().map(join_merge).collect::<Result<_, _>>()?;
        let config = tokenizer_config.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or(Value::Null);
        let id_of = |key: &str, default: &str| {
            let token = &config[key];
            let token = token.as_str().or(token["content"].as_str()).unwrap_or(default);
            tokens.iter().position(|t| t == token).and_then(|id| u32::try_from(id).ok())
        };
        let (eos_id, padding_id) = (id_of("eos_token", "<|im_end|>"), id_of("pad_token", "<|endoftext|>"));
        Ok(Self { tokens, token_types, merges, eos_id, padding_id })
    }
}

impl TokenRows {
    /// From the vocabulary and the added tokens.
    pub fn new(
        vocab: impl IntoIterator<Item = (String, u32)>,
        added_tokens: Vec<AddedToken>,
        rows: usize,
    ) -> Result<Self, VocabError> {
        let mut table = Self(Vec::new());
        table.0.resize_with(rows, || None);
        for (token, id) in vocab {
            let row = table.row_mut(id, &token)?;
            if let Some((first, _)) = row.take() {
                return Err(VocabError::DuplicateId { id, first, second: token });
            }
            *row = Some((token, TokenType::Normal));
        }
        // An added token may also be listed in the vocabulary; its type is the one given here.
        for AddedToken { id, content, special } in added_tokens {
            let token_type = if special { TokenType::Control } else { TokenType::UserDefined };
            let row = table.row_mut(id, &content)?;
            *row = Some((content, token_type));
        }
        Ok(table)
    }

    fn row_mut(&mut self, id: u32, token: &str) -> Result<&mut Option<(String, TokenType)>, VocabError> {
        let rows = self.0.len();
        let out_of_range = || VocabError::IdOutOfRange { token: token.to_owned(), id, rows };
        self.0.get_mut(id as usize).ok_or_else(out_of_range)
    }

    /// The tokens and their types. A row without a token gets an unused one.
    pub fn into_lists(self) -> (Vec<String>, Vec<i32>) {
        let unused = |id: usize| (format!("[PAD{id}]"), TokenType::Unused);
        let rows = self.0.into_iter().enumerate().map(|(id, row)| row.unwrap_or_else(|| unused(id)));
        rows.map(|(token, token_type)| (token, token_type as i32)).unzip()
    }
}

/// A merge as GGUF files write it.
pub fn join_merge(merge: BpeMerge) -> Result<String, VocabError> {
    let joined = match merge {
        BpeMerge::Joined(text) => text,
        BpeMerge::Pair(a, b) => format!("{a} {b}"),
    };
    // The space is the separator in GGUF, so neither token may contain one.
    if joined.matches(' ').count() == 1 { Ok(joined) } else { Err(VocabError::Merge(joined)) }
}

//! A byte-level BPE tokenizer, and the two ways in which we use it.

use std::collections::HashMap;

use serde_json::Value;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{SplitDelimiterBehavior, Tokenizer as Inner};

use super::PromptError;
use super::template::Piece;

/// How Qwen's tokenizer splits text before it merges bytes; a GGUF file names it `qwen2`.
const QWEN_SPLIT: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// A tokenizer as the prompt needs it.
///
/// Text goes through a tokenizer that knows no control token, so that `<|im_end|>` in a document is five ordinary
/// pieces of text; control tokens are put in by their id, by us alone.
pub struct Tokenizer {
    plain: Inner,
    /// The added tokens: control tokens and others that stand for themselves.
    added: HashMap<String, u32>,
}

/// A tokenizer as GGUF files keep it.
pub struct Vocabulary<'a> {
    /// All tokens, by their ids.
    pub tokens: &'a [String],
    /// The kind of each; ordinary ones where there is none.
    pub kinds: &'a [f64],
    /// Pairs that are merged, in order, each as two tokens with a space between.
    pub merges: &'a [String],
}

/// Kinds of tokens in a GGUF file that stand for themselves: control tokens and the user's own.
const ADDED_KINDS: [f64; 2] = [3.0, 4.0];

impl Tokenizer {
    /// From the bytes of a `tokenizer.json`.
    pub fn new(json: &[u8]) -> Result<Self, PromptError> {
        let mut value: Value = serde_json::from_slice(json).map_err(|e| unusable(&e))?;
        let Some(fields) = value.as_object_mut() else { return Err(unusable(&"not an object")) };
        // A file may carry limits of its own; ours are the reference's.
        fields.insert("truncation".into(), Value::Null);
        fields.insert("padding".into(), Value::Null);
        // `encode_special_tokens` would spare only the special ones: `<think>` is an added token without being special.
        let added = fields.insert("added_tokens".into(), Value::Array(Vec::new()));
        let plain: Inner = value.to_string().parse().map_err(|e: tokenizers::Error| unusable(&e))?;
        let mut tokenizer = Self { plain, added: HashMap::new() };
        for token in added.as_ref().and_then(Value::as_array).into_iter().flatten() {
            let id = token["id"].as_u64().and_then(|id| u32::try_from(id).ok());
            let (Some(id), Some(text)) = (id, token["content"].as_str()) else {
                return Err(unusable(&"an added token has no id or no content"));
            };
            tokenizer.added.insert(text.to_owned(), id);
        }
        Ok(tokenizer)
    }

    /// From the lists of a GGUF file.
    pub fn from_vocabulary(vocabulary: &Vocabulary<'_>) -> Result<Self, PromptError> {
        let is_added = |id: usize| vocabulary.kinds.get(id).is_some_and(|kind| ADDED_KINDS.contains(kind));
        let (mut plain, mut added) = (Vocab::default(), HashMap::new());
        for (id, token) in vocabulary.tokens.iter().enumerate() {
            let id32 = u32::try_from(id).map_err(|_| unusable(&"too many tokens"))?;
            if is_added(id) {
                added.insert(token.clone(), id32);
            } else {
                plain.insert(token.clone(), id32);
            }
        }
        let pair = |merge: &String| merge.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned()));
        let merges: Option<Vec<_>> = vocabulary.merges.iter().map(pair).collect();
        let merges = merges.ok_or_else(|| unusable(&"a merge is not two tokens"))?;
        let model = BPE::builder().vocab_and_merges(plain, merges).build().map_err(|e| unusable(&e))?;
        let mut plain = Inner::new(model);
        let split = Split::new(SplitPattern::Regex(QWEN_SPLIT.into()), SplitDelimiterBehavior::Isolated, false);
        let split = split.map_err(|e| unusable(&e))?;
        let bytes = ByteLevel::new(false, true, false);
        plain.with_normalizer(Some(NFC)).map_err(|e| unusable(&e))?;
        plain.with_pre_tokenizer(Some(Sequence::new(vec![split.into(), bytes.into()])));
        Ok(Self { plain, added })
    }

    /// The id of one whole token.
    pub fn id(&self, token: &str) -> Result<u32, PromptError> {
        let id = self.added.get(token).copied().or_else(|| self.plain.token_to_id(token));
        id.ok_or_else(|| PromptError::Tokenizer(format!("it has no token {token}, so it is not a Qwen3 reranker's")))
    }

    /// Ordinary text.
    pub fn text(&self, text: &str) -> Result<Vec<u32>, PromptError> {
        Ok(self.encode(text)?.get_ids().to_vec())
    }

    /// Cuts text after so many tokens; also says how many were cut off.
    pub fn cut<'a>(&self, text: &'a str, tokens: usize) -> Result<(&'a str, usize), PromptError> {
        let encoding = self.encode(text)?;
        match encoding.get_offsets().get(tokens) {
            // A token may be a part of a character; then the whole character goes.
            Some(&(start, _)) => Ok((&text[..text.floor_char_boundary(start)], encoding.len() - tokens)),
            None => Ok((text, 0)),
        }
    }

    /// A prompt or a part of it. Control tokens are hard boundaries; text between two of them is encoded as one.
    pub fn pieces(&self, pieces: &[Piece<'_>]) -> Result<Vec<u32>, PromptError> {
        let mut ids = Vec::new();
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Control(token, count) => {
                    ids.extend(self.text(&text)?);
                    text.clear();
                    ids.extend(std::iter::repeat_n(self.id(token)?, *count));
                }
            }
        }
        ids.extend(self.text(&text)?);
        Ok(ids)
    }

    fn encode(&self, text: &str) -> Result<tokenizers::Encoding, PromptError> {
        self.plain.encode(text, false).map_err(|e| PromptError::Tokenizer(format!("it cannot encode a text ({e})")))
    }
}

fn unusable(why: &dyn std::fmt::Display) -> PromptError {
    PromptError::Tokenizer(format!("it cannot be used ({why})"))
}

//! The tokenizer that all templates share.

use std::collections::HashMap;

use serde_json::Value;

use super::error::PromptError;
use super::part::PromptPart;

/// A tokenizer of the `tokenizers` crate, in which text never becomes a special token.
///
/// The library's own tokenizer is left without its added tokens, so that `<|im_end|>` in a document is tokenized as
/// ordinary text. Special tokens are looked up by their text and come from templates only.
pub struct Tokenizer {
    plain: tokenizers::Tokenizer,
    /// The added tokens: special ones, and others that are never split.
    added: HashMap<String, u32>,
}

impl Tokenizer {
    /// From the bytes of a `tokenizer.json`.
    pub fn from_json(json: &[u8]) -> Result<Self, PromptError> {
        let invalid = |why: &str| PromptError::InvalidTokenizer(why.into());
        let mut value: Value = serde_json::from_slice(json).map_err(|e| PromptError::InvalidTokenizer(e.into()))?;
        let Some(fields) = value.as_object_mut() else { return Err(invalid("not an object")) };
        // Templates truncate by the reference's rules; a file's own limits would cut the text before.
        fields.insert("truncation".into(), Value::Null);
        fields.insert("padding".into(), Value::Null);
        // The library's `encode_special_tokens` is not enough: `<think>` is an added token that is not special.
        let added_tokens = fields.insert("added_tokens".into(), Value::Array(Vec::new()));
        let plain = value.to_string().parse().map_err(PromptError::InvalidTokenizer)?;
        let mut added = HashMap::new();
        for token in added_tokens.as_ref().and_then(Value::as_array).into_iter().flatten() {
            let id = token["id"].as_u64().and_then(|id| u32::try_from(id).ok());
            let (Some(id), Some(text)) = (id, token["content"].as_str()) else {
                return Err(invalid("an added token has no id or no content"));
            };
            added.insert(text.to_owned(), id);
        }
        Ok(Self { plain, added })
    }

    /// From the library's tokenizer without added tokens, and the added tokens.
    pub(super) fn from_parts(plain: tokenizers::Tokenizer, added: HashMap<String, u32>) -> Self {
        Self { plain, added }
    }

    /// The id of one token, special or not.
    pub fn token_id(&self, token: &str) -> Result<u32, PromptError> {
        let id = self.added.get(token).copied().or_else(|| self.plain.token_to_id(token));
        id.ok_or_else(|| PromptError::MissingToken { token: token.to_owned() })
    }

    /// The ids of ordinary text.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, PromptError> {
        Ok(self.encoding(text)?.get_ids().to_vec())
    }

    /// The beginning of a text that has at most `tokens` tokens, and the number of tokens that were dropped.
    pub fn truncate<'a>(&self, text: &'a str, tokens: usize) -> Result<(&'a str, usize), PromptError> {
        let encoding = self.encoding(text)?;
        match encoding.get_offsets().get(tokens) {
            // Where a character is split between tokens, all of it is dropped.
            Some(&(start, _)) => Ok((&text[..text.floor_char_boundary(start)], encoding.len() - tokens)),
            None => Ok((text, 0)),
        }
    }

    /// The ids of parts of a prompt. Text between two special tokens is encoded as one.
    pub(super) fn encode_parts(&self, parts: &[PromptPart<'_>]) -> Result<Vec<u32>, PromptError> {
        let mut ids = Vec::new();
        let mut text = String::new();
        for part in parts {
            match part {
                PromptPart::Text(part) => text.push_str(part),
                PromptPart::Special { token, count } => {
                    ids.extend(self.encode(&text)?);
                    text.clear();
                    ids.extend(std::iter::repeat_n(self.token_id(token)?, *count));
                }
            }
        }
        ids.extend(self.encode(&text)?);
        Ok(ids)
    }

    fn encoding(&self, text: &str) -> Result<tokenizers::Encoding, PromptError> {
        self.plain.encode(text, false).map_err(PromptError::Encoding)
    }
}

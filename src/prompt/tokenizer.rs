//! The tokenizer that all templates share.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::Value;

use super::charsmap::check_tables;
use super::error::PromptError;
use super::merges::check_merges;
use super::pair_layout::PairLayout;
use super::part::PromptPart;
use super::text_layout::TextLayout;

/// A tokenizer of the `tokenizers` crate, in which text never becomes a special token.
///
/// The library's own tokenizer is left without its special tokens, so that `<|im_end|>` in a document is tokenized as
/// ordinary text. Special tokens are looked up by their text and come from templates and pair layouts only.
pub struct Tokenizer {
    plain: tokenizers::Tokenizer,
    /// The added tokens: special ones, and others that are never split.
    added: HashMap<String, u32>,
    pair_layout: Option<PairLayout>,
    text_layout: TextLayout,
    /// Special tokens that the model's own vocabulary holds, too, and the token of what is unknown, which replaces them.
    reserved: Option<(HashSet<u32>, u32)>,
}

/// The added tokens that text can become.
#[derive(Clone, Copy, PartialEq)]
enum MatchedTokens {
    /// None. In the vocabularies of chat models even tokens that are not special control the model.
    None,
    /// Those that are not special, such as runs of spaces.
    NotSpecial,
}

#[derive(Deserialize)]
struct TokenEntry {
    id: u32,
    content: String,
    #[serde(default)]
    special: bool,
}

impl Tokenizer {
    /// From the bytes of a `tokenizer.json`, for templates: text becomes none of the added tokens.
    pub fn from_json(json: &[u8]) -> Result<Self, PromptError> {
        Self::with_added_tokens(json, MatchedTokens::None)
    }

    /// From the bytes of a `tokenizer.json`, for pairs: text becomes no special token.
    pub fn for_pairs(json: &[u8]) -> Result<Self, PromptError> {
        Self::with_added_tokens(json, MatchedTokens::NotSpecial)
    }

    fn with_added_tokens(json: &[u8], matched: MatchedTokens) -> Result<Self, PromptError> {
        let invalid = |why: &str| PromptError::InvalidTokenizer(why.into());
        let mut value: Value = serde_json::from_slice(json).map_err(|e| PromptError::InvalidTokenizer(e.into()))?;
        let Some(fields) = value.as_object_mut() else { return Err(invalid("not an object")) };
        // Prompts are truncated by the reference's rules; a file's own limits would cut the text before.
        fields.insert("truncation".into(), Value::Null);
        fields.insert("padding".into(), Value::Null);
        // Nothing is turned back into text.
        fields.insert("decoder".into(), Value::Null);
        if let Some(normalizer) = fields.get("normalizer") {
            check_tables(normalizer).map_err(invalid)?;
        }
        if let Some(model) = fields.get("model") {
            check_merges(model).map_err(invalid)?;
        }
        let pair_layout = fields.get("post_processor").and_then(PairLayout::from_post_processor);
        let text_layout = fields.get("post_processor").map(TextLayout::from_post_processor).unwrap_or_default();
        let tokens: Vec<TokenEntry> = match fields.get("added_tokens") {
            None | Some(Value::Null) => Vec::new(),
            Some(list) => Vec::deserialize(list).map_err(|e| PromptError::InvalidTokenizer(e.into()))?,
        };
        if matched == MatchedTokens::None {
            // The library's `encode_special_tokens` is not enough: `<think>` is an added token that is not special.
            fields.insert("added_tokens".into(), Value::Array(Vec::new()));
        }
        let special: HashSet<u32> = tokens.iter().filter(|token| token.special).map(|token| token.id).collect();
        let reserved = reserve_pieces(fields.get_mut("model"), special);
        let mut plain: tokenizers::Tokenizer = value.to_string().parse().map_err(PromptError::InvalidTokenizer)?;
        plain.set_encode_special_tokens(true);
        let added = tokens.into_iter().map(|token| (token.content, token.id)).collect();
        Ok(Self { plain, added, pair_layout, text_layout, reserved })
    }

    /// From the library's tokenizer without added tokens, and the added tokens.
    pub(super) fn from_parts(
        plain: tokenizers::Tokenizer,
        added: HashMap<String, u32>,
        text_layout: TextLayout,
    ) -> Self {
        Self { plain, added, pair_layout: None, text_layout, reserved: None }
    }

    /// The id of one token, special or not.
    pub fn token_id(&self, token: &str) -> Result<u32, PromptError> {
        let id = self.added.get(token).copied().or_else(|| self.plain.token_to_id(token));
        id.ok_or_else(|| PromptError::MissingToken { token: token.to_owned() })
    }

    /// The ids of ordinary text.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, PromptError> {
        let mut ids = self.encoding(text)?.get_ids().to_vec();
        if let Some((reserved, unknown)) = &self.reserved {
            ids.iter_mut().filter(|id| reserved.contains(id)).for_each(|id| *id = *unknown);
        }
        Ok(ids)
    }

    /// How two texts are joined, if the file says so.
    pub fn pair_layout(&self) -> Option<&PairLayout> {
        self.pair_layout.as_ref()
    }

    /// What surrounds a text that stands alone.
    pub(super) fn text_layout(&self) -> &TextLayout {
        &self.text_layout
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
                PromptPart::Boundary => {
                    ids.extend(self.encode(&text)?);
                    text.clear();
                }
                PromptPart::Id(id) => {
                    ids.extend(self.encode(&text)?);
                    text.clear();
                    ids.push(*id);
                }
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

/// The vocabulary of a unigram model holds its special tokens as pieces that cost nothing, so `</s>` in a text would become
/// one. They are renamed, so that the text is split as any other.
fn reserve_pieces(model: Option<&mut Value>, special: HashSet<u32>) -> Option<(HashSet<u32>, u32)> {
    let model = model?;
    if model.get("type").and_then(Value::as_str).is_some_and(|kind| kind != "Unigram") {
        return None;
    }
    let unknown = u32::try_from(model.get("unk_id")?.as_u64()?).ok()?;
    let vocabulary = model.get_mut("vocab")?.as_array_mut()?;
    for &id in &special {
        if let Some(Value::String(piece)) = vocabulary.get_mut(id as usize).and_then(|entry| entry.get_mut(0)) {
            piece.insert(0, '\0');
        }
    }
    Some((special.into_iter().filter(|&id| id != unknown).collect(), unknown))
}

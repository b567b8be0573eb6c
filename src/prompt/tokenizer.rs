//! A `tokenizer.json`, and the two ways in which we use it.

use serde_json::Value;
use tokenizers::Tokenizer as Inner;

use super::PromptError;
use super::template::Piece;

/// Text goes through a tokenizer that knows no control token, so that `<|im_end|>` in a document is five ordinary
/// pieces of text; control tokens are put in by their id, by us alone.
pub struct Tokenizer {
    plain: Inner,
    full: Inner,
}

impl Tokenizer {
    pub fn new(json: &[u8]) -> Result<Self, PromptError> {
        let invalid = |e: &dyn std::fmt::Display| PromptError::Tokenizer(format!("it cannot be used ({e})"));
        let mut value: Value = serde_json::from_slice(json).map_err(|e| invalid(&e))?;
        let Some(fields) = value.as_object_mut() else { return Err(invalid(&"not an object")) };
        // A file may carry limits of its own; ours are the reference's.
        fields.insert("truncation".into(), Value::Null);
        fields.insert("padding".into(), Value::Null);
        let full = build(&value).map_err(|e| invalid(&e))?;
        // `encode_special_tokens` would spare only the special ones: `<think>` is an added token without being special.
        value["added_tokens"] = Value::Array(Vec::new());
        let plain = build(&value).map_err(|e| invalid(&e))?;
        Ok(Self { plain, full })
    }

    /// The id of one whole token.
    pub fn id(&self, token: &str) -> Result<u32, PromptError> {
        self.full
            .token_to_id(token)
            .ok_or_else(|| PromptError::Tokenizer(format!("it has no token {token}, so it is not a Qwen3 reranker's")))
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

    /// A fixed part of the prompt.
    pub fn pieces(&self, pieces: &[Piece]) -> Result<Vec<u32>, PromptError> {
        let mut ids = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Control(token) => ids.push(self.id(token)?),
                Piece::Text(text) => ids.extend(self.text(text)?),
            }
        }
        Ok(ids)
    }

    fn encode(&self, text: &str) -> Result<tokenizers::Encoding, PromptError> {
        self.plain.encode(text, false).map_err(|e| PromptError::Tokenizer(format!("it cannot encode a text ({e})")))
    }
}

fn build(value: &Value) -> Result<Inner, tokenizers::Error> {
    value.to_string().parse()
}

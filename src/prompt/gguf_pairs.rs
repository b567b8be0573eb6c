//! Tokenizers for pairs of texts, rebuilt from the lists of GGUF files that other programs wrote: XLM-RoBERTa's Unigram model
//! and the byte-level BPE of RoBERTa and ModernBERT. What such files do not say is the same in every published model.

use serde_json::{Map, Value, json};

use super::error::PromptError;
use super::tokenizer::Tokenizer;

/// Values of `tokenizer.ggml.token_type`.
const UNKNOWN: f64 = 2.0;
const CONTROL: f64 = 3.0;
const USER_DEFINED: f64 = 4.0;
const UNUSED: f64 = 5.0;

/// The lists of a GGUF file's metadata.
pub struct GgufPairVocabulary<'a> {
    /// `tokenizer.ggml.tokens`: all tokens in the order of their ids.
    pub tokens: &'a [String],
    /// `tokenizer.ggml.token_type`: the type of each token, or nothing if all are normal.
    pub token_types: &'a [f64],
    /// What splits a word.
    pub pieces: PieceScores<'a>,
    /// The tokens around texts.
    pub special: SpecialIds,
}

/// What splits a word into tokens.
pub enum PieceScores<'a> {
    /// The logarithm of each token's probability.
    Unigram {
        /// `tokenizer.ggml.scores`.
        scores: &'a [f64],
        /// `tokenizer.ggml.precompiled_charsmap`: how characters are normalized, in sentencepiece's own format. May be empty.
        charsmap: &'a [f64],
        /// The token of what is unknown.
        unknown: usize,
    },
    /// `tokenizer.ggml.merges`, of tokens of bytes.
    Bytes {
        /// The merges by priority, each as two tokens with a space between.
        merges: &'a [String],
        /// Whether characters are composed first (NFC), as ModernBERT's are.
        composed: bool,
    },
}

/// The tokens around the texts of a pair.
#[derive(Debug, Clone, Copy)]
pub struct SpecialIds {
    /// Before the first.
    pub first: usize,
    /// After each.
    pub last: usize,
    /// How many are between the texts.
    pub between: usize,
}

impl Tokenizer {
    /// From the lists of a GGUF file.
    pub fn from_gguf_pairs(vocabulary: &GgufPairVocabulary<'_>) -> Result<Self, PromptError> {
        let invalid = |why: &str| PromptError::InvalidTokenizer(why.into());
        let SpecialIds { first, last, between } = vocabulary.special;
        let text = |id: usize| vocabulary.tokens.get(id).ok_or_else(|| invalid("a special token is not in the list"));
        let (first, last) = ((text(first)?, first), (text(last)?, last));
        let (normalizer, pre_tokenizer, model) = match &vocabulary.pieces {
            PieceScores::Unigram { scores, charsmap, unknown } => {
                if scores.len() != vocabulary.tokens.len() {
                    return Err(invalid("there is not one score for each token"));
                }
                (charsmap_normalizer(charsmap), words_with_spaces(), vocabulary.unigram(scores, *unknown))
            }
            PieceScores::Bytes { merges, composed } => {
                let normalizer = if *composed { json!({"type": "NFC"}) } else { Value::Null };
                let bytes =
                    json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
                (normalizer, bytes, vocabulary.byte_pairs(merges))
            }
        };
        let file = json!({
            "version": "1.0",
            "added_tokens": vocabulary.added_tokens(),
            "normalizer": normalizer,
            "pre_tokenizer": pre_tokenizer,
            "post_processor": post_processor(first, last, between),
            "model": model,
        });
        Self::for_pairs(file.to_string().as_bytes())
    }
}

impl GgufPairVocabulary<'_> {
    fn token_type(&self, id: usize) -> f64 {
        self.token_types.get(id).copied().unwrap_or_default()
    }

    fn added_tokens(&self) -> Vec<Value> {
        let added = |(id, token): (usize, &String)| {
            let special = match self.token_type(id) {
                UNKNOWN | CONTROL => true,
                USER_DEFINED => false,
                _ => return None,
            };
            Some(json!({
                "id": id, "content": token, "special": special,
                "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            }))
        };
        self.tokens.iter().enumerate().filter_map(added).collect()
    }

    fn unigram(&self, scores: &[f64], unknown: usize) -> Value {
        // Rows without a token have a score far below all others, from which the score of unknown characters would be
        // derived. No text holds what they are called here.
        let piece = |(id, (token, &score)): (usize, (&String, &f64))| match self.token_type(id) {
            UNUSED => json!([format!("\0{id}"), 0.0]),
            _ => json!([token, score]),
        };
        let vocab: Vec<Value> = self.tokens.iter().zip(scores).enumerate().map(piece).collect();
        json!({"type": "Unigram", "unk_id": unknown, "vocab": vocab, "byte_fallback": false})
    }

    fn byte_pairs(&self, merges: &[String]) -> Value {
        let vocab: Map<String, Value> =
            self.tokens.iter().zip(0..).map(|(t, id): (_, u64)| (t.clone(), id.into())).collect();
        json!({"type": "BPE", "vocab": vocab, "merges": merges})
    }
}

fn charsmap_normalizer(charsmap: &[f64]) -> Value {
    if charsmap.is_empty() {
        return Value::Null;
    }
    let bytes: Vec<u8> = charsmap.iter().map(|&byte| byte as i64 as u8).collect();
    json!({"type": "Precompiled", "precompiled_charsmap": base64(&bytes)})
}

/// Words, each with the mark of a space before it.
fn words_with_spaces() -> Value {
    let marks = json!({"type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true});
    json!({"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, marks]})
}

fn post_processor(first: (&String, usize), last: (&String, usize), between: usize) -> Value {
    let token = |(text, _): (&String, usize)| json!({"SpecialToken": {"id": text, "type_id": 0}});
    let sequence = |id: &str| json!({"Sequence": {"id": id, "type_id": 0}});
    let mut pair = vec![token(first), sequence("A")];
    pair.extend((0..between).map(|_| token(last)));
    pair.extend([sequence("B"), token(last)]);
    let entry = |(text, id): (&String, usize)| json!({"id": text, "ids": [id], "tokens": [text]});
    let special: Map<String, Value> = [first, last].into_iter().map(|of| (of.0.clone(), entry(of))).collect();
    let single = json!([token(first), sequence("A"), token(last)]);
    json!({"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": special})
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut word = [0; 4];
        word[1..=chunk.len()].copy_from_slice(chunk);
        let word = u32::from_be_bytes(word);
        for digit in 0..4 {
            let value = DIGITS[(word >> (18 - 6 * digit)) as usize & 63];
            out.push(if digit <= chunk.len() { char::from(value) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_every_length() {
        let encoded = |text: &str| base64(text.as_bytes());
        assert_eq!(["", "f", "fo", "foo", "foob"].map(encoded), ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
        assert_eq!(base64(&[0xff, 0xef, 0xbe]), "/+++");
    }
}

//! The tokenizer of an encoder in the form of GGUF metadata, as llama.cpp reads it. Ours is the `tokenizer.json` beside it.

use data_url::forgiving_base64;
use serde::Deserialize;
use serde_json::Value;

use super::super::error::{PairVocabularyError, VocabError};
use super::super::vocab::{AddedToken, BpeMerge, TokenRows, join_merge};
use crate::model::Family;

/// A space, where it is part of a token.
const SPACE_MARK: char = '\u{2581}';
/// The start of a token that continues a word, in the vocabularies of WordPiece.
const CONTINUATION: &str = "##";
/// `LLAMA_TOKEN_TYPE_UNKNOWN` and `LLAMA_TOKEN_TYPE_CONTROL`.
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;

/// The lists of `tokenizer.ggml.*`.
#[derive(Debug)]
pub struct PairVocabulary {
    /// llama.cpp's name of the kind.
    pub model: &'static str,
    /// And of how texts are split into words.
    pub splits: &'static str,
    /// All tokens by id.
    pub tokens: Vec<String>,
    /// The type of each token.
    pub token_types: Vec<i32>,
    /// The score of each token of a Unigram model.
    pub scores: Option<Vec<f32>>,
    /// How characters are normalized before a Unigram model, in sentencepiece's own format.
    pub charsmap: Option<Vec<u8>>,
    /// Merges in order of priority.
    pub merges: Option<Vec<String>>,
    /// The token of what is unknown.
    pub unknown: Option<u32>,
    /// The token that stands for a hidden word in training.
    pub mask: Option<u32>,
    /// Whether it is WordPiece of lower-case letters without accents, which is how llama.cpp reads every WordPiece.
    pub is_read_as_uncased: bool,
}

impl PairVocabulary {
    /// From `tokenizer.json`, for a table of `rows` embeddings.
    pub fn new(json: &Value, family: Family, rows: usize) -> Result<Self, PairVocabularyError> {
        let model = &json["model"];
        let added = match &json["added_tokens"] {
            Value::Null => Vec::new(),
            list => Vec::<AddedToken>::deserialize(list).map_err(VocabError::from)?,
        };
        let mut vocabulary = match model["type"].as_str().unwrap_or("of an unnamed kind") {
            "WordPiece" => Self::word_piece(model, added, rows)?,
            "Unigram" => Self::unigram(json, added, rows)?,
            "BPE" => Self::byte_pairs(model, family, added, rows)?,
            other => return Err(PairVocabularyError::Kind(other.to_owned())),
        };
        vocabulary.is_read_as_uncased = is_uncased(model, &json["normalizer"]);
        vocabulary.mask = vocabulary.id_of(&["<mask>", "[MASK]"]);
        Ok(vocabulary)
    }

    fn with_rows(model: &'static str, splits: &'static str, rows: TokenRows) -> Self {
        let (tokens, token_types) = rows.into_lists();
        let (scores, charsmap, merges) = (None, None, None);
        let (unknown, mask, is_read_as_uncased) = (None, None, false);
        Self { model, splits, tokens, token_types, scores, charsmap, merges, unknown, mask, is_read_as_uncased }
    }

    /// llama.cpp marks the starts of words instead of their continuations.
    fn word_piece(model: &Value, added: Vec<AddedToken>, rows: usize) -> Result<Self, PairVocabularyError> {
        let mut vocabulary = Self::with_rows("bert", "default", TokenRows::new(token_ids(model)?, added, rows)?);
        vocabulary.unknown = model["unk_token"].as_str().and_then(|token| vocabulary.id_of(&[token]));
        let plain = vocabulary.tokens.iter_mut().zip(&vocabulary.token_types).filter(|(_, kind)| **kind != CONTROL);
        for (token, _) in plain {
            match token.strip_prefix(CONTINUATION) {
                Some(rest) => *token = rest.to_owned(),
                None => token.insert(0, SPACE_MARK),
            }
        }
        Ok(vocabulary)
    }

    fn unigram(json: &Value, added: Vec<AddedToken>, rows: usize) -> Result<Self, PairVocabularyError> {
        const UNUSED_SCORE: f32 = -10_000.0;
        let model = &json["model"];
        let form = |_| PairVocabularyError::Form("model.vocab");
        let pieces = Vec::<(String, f64)>::deserialize(&model["vocab"]).map_err(form)?;
        let mut scores: Vec<f32> = pieces.iter().map(|(_, score)| *score as f32).collect();
        scores.resize(rows.max(scores.len()), UNUSED_SCORE);
        let ids = pieces.into_iter().zip(0..).map(|((piece, _), id)| (piece, id));
        let mut vocabulary = Self::with_rows("t5", "default", TokenRows::new(ids, added, rows)?);
        vocabulary.scores = Some(scores);
        vocabulary.charsmap = charsmap(&json["normalizer"])?;
        vocabulary.unknown = model["unk_id"].as_u64().and_then(|id| u32::try_from(id).ok());
        if let Some(kind) = vocabulary.unknown.and_then(|id| vocabulary.token_types.get_mut(id as usize)) {
            *kind = UNKNOWN;
        }
        Ok(vocabulary)
    }

    fn byte_pairs(
        model: &Value,
        family: Family,
        added: Vec<AddedToken>,
        rows: usize,
    ) -> Result<Self, PairVocabularyError> {
        // All of them are GPT-2's splits.
        let splits = match family {
            Family::ModernBert => "modern-bert",
            Family::JinaBert => "jina-v1-en",
            _ => "roberta-bpe",
        };
        let mut vocabulary = Self::with_rows("gpt2", splits, TokenRows::new(token_ids(model)?, added, rows)?);
        let form = |_| PairVocabularyError::Form("model.merges");
        let merges = Vec::<BpeMerge>::deserialize(&model["merges"]).map_err(form)?;
        vocabulary.merges = Some(merges.into_iter().map(join_merge).collect::<Result<_, _>>()?);
        vocabulary.unknown = vocabulary.id_of(&["<unk>", "[UNK]"]);
        Ok(vocabulary)
    }

    fn id_of(&self, names: &[&str]) -> Option<u32> {
        let id = self.tokens.iter().position(|token| names.contains(&token.as_str()))?;
        u32::try_from(id).ok()
    }
}

/// By the normalizer of BERT. Accents are stripped with the case, unless the file says otherwise.
fn is_uncased(model: &Value, normalizer: &Value) -> bool {
    let flag = |name: &str| normalizer[name].as_bool();
    model["type"] == "WordPiece"
        && normalizer["type"] == "BertNormalizer"
        && flag("lowercase") == Some(true)
        && flag("strip_accents") != Some(false)
        && flag("handle_chinese_chars") != Some(false)
}

fn token_ids(model: &Value) -> Result<impl Iterator<Item = (String, u32)> + '_, PairVocabularyError> {
    let vocabulary = model["vocab"].as_object().ok_or(PairVocabularyError::Form("model.vocab"))?;
    let ids: Option<Vec<_>> =
        vocabulary.iter().map(|(token, id)| Some((token.clone(), u32::try_from(id.as_u64()?).ok()?))).collect();
    Ok(ids.ok_or(PairVocabularyError::Form("model.vocab"))?.into_iter())
}

/// The map of characters, alone or in a list of normalizers.
fn charsmap(normalizer: &Value) -> Result<Option<Vec<u8>>, PairVocabularyError> {
    let listed = normalizer["normalizers"].as_array().map_or(&[][..], Vec::as_slice);
    let all = std::iter::once(normalizer).chain(listed);
    let Some(text) = all.into_iter().find_map(|part| part["precompiled_charsmap"].as_str()) else { return Ok(None) };
    let bytes = forgiving_base64::decode_to_vec(text.as_bytes());
    bytes.map(Some).map_err(|_| PairVocabularyError::Form("precompiled_charsmap"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_word_pieces_that_llama_cpp_reads_as_they_are_count_as_uncased() {
        let is_uncased = |kind: &str, changed: Value| {
            let mut normalizer = json!({"type": "BertNormalizer", "lowercase": true, "strip_accents": null, "handle_chinese_chars": true});
            for (key, value) in changed.as_object().expect("an object") {
                normalizer[key] = value.clone();
            }
            is_uncased(&json!({"type": kind}), &normalizer)
        };
        assert!(is_uncased("WordPiece", json!({})));
        assert!(is_uncased("WordPiece", json!({"strip_accents": true})));
        for changed in [
            json!({"lowercase": false}),
            json!({"lowercase": null}),
            json!({"strip_accents": false}),
            json!({"handle_chinese_chars": false}),
            json!({"type": "Sequence"}),
        ] {
            assert!(!is_uncased("WordPiece", changed.clone()), "{changed}");
        }
        assert!(!is_uncased("BPE", json!({})));
    }
}

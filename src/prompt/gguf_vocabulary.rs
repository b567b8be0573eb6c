//! Tokenizers as GGUF files store them.

use std::collections::HashMap;

use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{Error, SplitDelimiterBehavior};

use super::error::PromptError;
use super::merges::check_pairs;
use super::text_layout::TextLayout;
use super::tokenizer::Tokenizer;

/// The pre-tokenizer that GGUF names `qwen2`. Files contain its name only.
const QWEN2_SPLIT: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Values of `tokenizer.ggml.token_type` for added tokens: control and user-defined.
const ADDED_TOKEN_TYPES: [f64; 2] = [3.0, 4.0];

/// The lists of a byte-level BPE tokenizer in a GGUF file's metadata.
pub struct GgufVocabulary<'a> {
    /// `tokenizer.ggml.tokens`: all tokens in the order of their ids.
    pub tokens: &'a [String],
    /// `tokenizer.ggml.token_type`: the type of each token, or nothing if all are normal.
    pub token_types: &'a [f64],
    /// `tokenizer.ggml.merges`: the merges by priority, each as two tokens with a space between.
    pub merges: &'a [String],
    /// `tokenizer.ggml.bos_token_id`, if `add_bos_token` puts it before a text.
    pub before: Option<u32>,
    /// `tokenizer.ggml.eos_token_id`, if `add_eos_token` puts it behind a text.
    pub after: Option<u32>,
}

impl Tokenizer {
    /// From the lists of a GGUF file, with the pre-tokenizer of Qwen2 and Qwen3.
    pub fn from_gguf(vocabulary: &GgufVocabulary<'_>) -> Result<Self, PromptError> {
        let invalid = |why: &str| PromptError::InvalidTokenizer(why.into());
        let is_added = |id: usize| vocabulary.token_types.get(id).is_some_and(|t| ADDED_TOKEN_TYPES.contains(t));
        let (mut plain, mut added) = (Vocab::default(), HashMap::new());
        for (index, token) in vocabulary.tokens.iter().enumerate() {
            let id = u32::try_from(index).map_err(|_| invalid("too many tokens"))?;
            if is_added(index) {
                added.insert(token.clone(), id);
            } else {
                plain.insert(token.clone(), id);
            }
        }
        let pair = |merge: &String| merge.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned()));
        let merges: Option<Vec<_>> = vocabulary.merges.iter().map(pair).collect();
        let merges = merges.ok_or_else(|| invalid("a merge is not two tokens"))?;
        let longest = plain.keys().map(String::len).max().unwrap_or(0);
        check_pairs(merges.iter().map(|(a, b)| (a.as_str(), b.as_str())), "", longest).map_err(invalid)?;
        let plain = qwen2_bpe(plain, merges).map_err(PromptError::InvalidTokenizer)?;
        let layout = TextLayout {
            before: vocabulary.before.into_iter().collect(),
            after: vocabulary.after.into_iter().collect(),
        };
        Ok(Self::from_parts(plain, added, layout))
    }
}

fn qwen2_bpe(vocab: Vocab, merges: Vec<(String, String)>) -> Result<tokenizers::Tokenizer, Error> {
    let model = BPE::builder().vocab_and_merges(vocab, merges).build()?;
    let mut tokenizer = tokenizers::Tokenizer::new(model);
    let split = Split::new(SplitPattern::Regex(QWEN2_SPLIT.into()), SplitDelimiterBehavior::Isolated, false)?;
    let bytes = ByteLevel::new(false, true, false);
    tokenizer.with_normalizer(Some(NFC))?;
    tokenizer.with_pre_tokenizer(Some(Sequence::new(vec![split.into(), bytes.into()])));
    Ok(tokenizer)
}

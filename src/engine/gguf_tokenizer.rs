//! The tokenizer of a GGUF file that other programs wrote, from its metadata.

use super::error::Error;
use crate::model::{Family, ModelConfig, PromptKind};
use crate::prompt::{GgufPairVocabulary, GgufVocabulary, PieceScores, PromptError, SpecialIds, Tokenizer};
use crate::weights::WeightsError;
use crate::weights::gguf::Metadata;

/// What a template's tokenizer is.
const EXPECTED_BY_TEMPLATES: &str = "a reranker of this kind has gpt2 and qwen2";
/// What an encoder's is. WordPiece files do not say whether letters are lower-cased and accents stripped.
const EXPECTED_BY_PAIRS: &str = "of files that other programs wrote, t5 (Unigram) and gpt2 with the splits of RoBERTa or ModernBERT are \
                                 read. Load the model's own folder, or a file that `secondpass convert` made of it";

/// The names of splits that are GPT-2's.
const BYTE_SPLITS: [&str; 4] = ["roberta-bpe", "modern-bert", "gpt-2", "jina-v1-en"];

const TYPES: &str = "tokenizer.ggml.token_type";

/// The tokenizer of such a file.
pub fn gguf_tokenizer(metadata: &Metadata, config: &ModelConfig) -> Result<Tokenizer, Error> {
    match config.family().prompt() {
        PromptKind::Template(_) => template_tokenizer(metadata),
        PromptKind::Pair => pair_tokenizer(metadata, config.family()),
    }
}

/// The token that a text begins or ends with, if the file says that one is added.
fn added_token(metadata: &Metadata, name: &str) -> Option<u32> {
    metadata.boolean(&format!("tokenizer.ggml.add_{name}_token")).filter(|added| *added)?;
    let id = metadata.number(&format!("tokenizer.ggml.{name}_token_id"))?;
    u32::try_from(id).ok()
}

fn names(metadata: &Metadata) -> (Option<&str>, Option<&str>) {
    (metadata.string("tokenizer.ggml.model"), metadata.string("tokenizer.ggml.pre"))
}

fn unsupported(metadata: &Metadata, expected: &'static str) -> Error {
    let (model, pre) = names(metadata);
    let [model, pre] = [model, pre].map(|name| name.map(str::to_owned));
    PromptError::UnsupportedTokenizer { model, pre, expected }.into()
}

fn list<'a>(metadata: &'a Metadata, leaf: &str) -> Result<&'a [String], WeightsError> {
    let key = format!("tokenizer.ggml.{leaf}");
    metadata.strings(&key).ok_or_else(|| metadata.missing(&key))
}

fn template_tokenizer(metadata: &Metadata) -> Result<Tokenizer, Error> {
    if !matches!(names(metadata), (Some("gpt2"), Some("qwen2") | None)) {
        return Err(unsupported(metadata, EXPECTED_BY_TEMPLATES));
    }
    let vocabulary = GgufVocabulary {
        tokens: list(metadata, "tokens")?,
        token_types: metadata.numbers(TYPES).unwrap_or_default(),
        merges: list(metadata, "merges")?,
        before: added_token(metadata, "bos"),
        after: added_token(metadata, "eos"),
    };
    Ok(Tokenizer::from_gguf(&vocabulary)?)
}

fn pair_tokenizer(metadata: &Metadata, family: Family) -> Result<Tokenizer, Error> {
    let id = |leaf: &str| metadata.number(&format!("tokenizer.ggml.{leaf}_token_id"));
    let required = |leaf: &str| metadata.required_number(&format!("tokenizer.ggml.{leaf}_token_id"));
    let numbers = |leaf: &str| metadata.numbers(&format!("tokenizer.ggml.{leaf}"));
    let is_modern = family == Family::ModernBert;
    let pieces = match names(metadata) {
        (Some("t5"), _) if !is_modern => PieceScores::Unigram {
            scores: numbers("scores").ok_or_else(|| metadata.missing("tokenizer.ggml.scores"))?,
            charsmap: numbers("precompiled_charsmap").unwrap_or_default(),
            unknown: required("unknown")?,
        },
        (Some("gpt2"), Some(pre)) if BYTE_SPLITS.contains(&pre) => {
            PieceScores::Bytes { merges: list(metadata, "merges")?, composed: is_modern }
        }
        _ => return Err(unsupported(metadata, EXPECTED_BY_PAIRS)),
    };
    // `seperator` is how the key is spelled. RoBERTa puts two between the texts, ModernBERT one.
    let special = match is_modern {
        true => SpecialIds {
            first: id("cls").or(id("bos")).map_or_else(|| required("bos"), Ok)?,
            last: id("seperator").or(id("eos")).map_or_else(|| required("eos"), Ok)?,
            between: 1,
        },
        false => SpecialIds { first: required("bos")?, last: required("eos")?, between: 2 },
    };
    let vocabulary = GgufPairVocabulary {
        tokens: list(metadata, "tokens")?,
        token_types: metadata.numbers(TYPES).unwrap_or_default(),
        pieces,
        special,
    };
    Ok(Tokenizer::from_gguf_pairs(&vocabulary)?)
}

//! The merges of a BPE model.
//!
//! The `tokenizers` crate trusts them: it cuts the prefix of continued words off the second token of each merge without
//! looking whether the token has it, and writes both into a buffer as long as the longest token of the vocabulary. A file that
//! is wrong there would end the program.

use serde_json::Value;

/// In a `tokenizer.json`: checks that the second token of every merge begins with the prefix of continued words, if the model has one, and that no
/// merge gives a token longer than all of the vocabulary.
pub fn check_merges(model: &Value) -> Result<(), &'static str> {
    let Some(merges) = model.get("merges").and_then(Value::as_array) else { return Ok(()) };
    let prefix = model.get("continuing_subword_prefix").and_then(Value::as_str).unwrap_or_default();
    let vocabulary = model.get("vocab").and_then(Value::as_object);
    let longest = vocabulary.and_then(|vocabulary| vocabulary.keys().map(String::len).max()).unwrap_or(0);
    check_pairs(merges.iter().filter_map(tokens), prefix, longest)
}

/// The same of pairs of tokens, for a vocabulary whose longest token has so many bytes.
pub fn check_pairs<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    prefix: &str,
    longest: usize,
) -> Result<(), &'static str> {
    for (first, second) in pairs {
        if !second.starts_with(prefix) {
            return Err("one of its merges continues a word without continuing_subword_prefix");
        }
        if first.len() + second.len() - prefix.len() > longest {
            return Err("one of its merges gives a token that is not in the vocabulary");
        }
    }
    Ok(())
}

/// A merge is two tokens in a list, or with a space between. Any other is refused where it is read.
fn tokens(merge: &Value) -> Option<(&str, &str)> {
    match merge {
        Value::String(text) => text.split_once(' '),
        other => Some((other.get(0)?.as_str()?, other.get(1)?.as_str()?)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merges_continue_words_with_the_prefix_and_stay_within_the_vocabulary() {
        let model = |merges: Value| {
            json!({
                "type": "BPE", "continuing_subword_prefix": "##", "merges": merges,
                "vocab": {"a": 0, "##b": 1, "##c": 2, "b": 3, "ab": 4},
            })
        };
        assert_eq!(check_merges(&model(json!(["a ##b", ["a", "##c"]]))), Ok(()));
        for wrong in [json!(["a ##b", "a b"]), json!([["a", "#"]]), json!(["ab ##bc"])] {
            assert!(check_merges(&model(wrong.clone())).is_err(), "{wrong}");
        }
        assert_eq!(check_merges(&json!({"type": "BPE", "merges": ["a b"], "vocab": {"ab": 0}})), Ok(()));
        assert!(check_merges(&json!({"type": "BPE", "merges": ["a b"], "vocab": {"a": 0, "b": 1}})).is_err());
        assert_eq!(check_merges(&json!({"type": "WordPiece", "continuing_subword_prefix": "##"})), Ok(()));
    }
}

//! Small files of a model's folder that are kept whole in the metadata of a GGUF file.
//!
//! GGUF has keys for sizes and for a vocabulary, but none for much of what an encoder's files say: the modules of its head,
//! the activation of its score, how a text is normalized, the flags of added tokens. `secondpass convert` writes the keys
//! that other programs read, and beside them the files themselves, as two lists of the same length: names and contents.

use super::header::MAX_STRING_BYTES;
use super::value::Metadata;
use super::writer::Field;
use crate::weights::error::WeightsError;

/// The names of the files, as paths in the model's folder.
pub const EMBEDDED_NAMES: &str = "secondpass.file_names";
/// Their contents.
const EMBEDDED_TEXTS: &str = "secondpass.file_texts";

/// More than the configurations of the longest list of modules.
const MAX_FILES: usize = 64;
/// The longest name of a module's folder and a file in it, several times over.
const MAX_NAME_BYTES: usize = 256;

/// A file and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedFile {
    /// Its path in the model's folder.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// The metadata that holds the files, which are JSON: white space between values is left out. The name of the first file
/// that is longer than what can be read back, if one is.
pub fn embedded_fields(files: &[EmbeddedFile]) -> Result<[(String, Field); 2], String> {
    let texts: Vec<String> = files.iter().map(|file| without_spaces(&file.text)).collect();
    if let Some((file, _)) = files.iter().zip(&texts).find(|(_, text)| text.len() as u64 > MAX_STRING_BYTES) {
        return Err(file.name.clone());
    }
    let names = files.iter().map(|file| file.name.clone()).collect();
    Ok([(EMBEDDED_NAMES.to_owned(), Field::Strings(names)), (EMBEDDED_TEXTS.to_owned(), Field::Strings(texts))])
}

/// The files that the metadata holds. None if it holds none.
pub fn embedded_files(metadata: &Metadata) -> Result<Option<Vec<EmbeddedFile>>, WeightsError> {
    let invalid = |detail: String| WeightsError::invalid(metadata.file(), detail);
    if metadata.get(EMBEDDED_NAMES).is_none() && metadata.get(EMBEDDED_TEXTS).is_none() {
        return Ok(None);
    }
    let list = |key: &str| metadata.strings(key).ok_or_else(|| invalid(format!("its {key} is no list of texts")));
    let (names, texts) = (list(EMBEDDED_NAMES)?, list(EMBEDDED_TEXTS)?);
    if names.len() != texts.len() || names.len() > MAX_FILES {
        let (names, texts) = (names.len(), texts.len());
        return Err(invalid(format!("it names {names} files and holds {texts}; up to {MAX_FILES} are read")));
    }
    for (i, name) in names.iter().enumerate() {
        if name.is_empty() || name.len() > MAX_NAME_BYTES || names[..i].contains(name) {
            return Err(invalid(format!("\"{:.80}\" in its {EMBEDDED_NAMES} is no name, or is there twice", name)));
        }
    }
    let file = |(name, text): (&String, &String)| EmbeddedFile { name: name.clone(), text: text.clone() };
    Ok(Some(names.iter().zip(texts).map(file).collect()))
}

/// JSON without the white space between its values. Numbers and texts stay as they are written: nothing is parsed.
fn without_spaces(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut in_text, mut escaped) = (false, false);
    for c in json.chars() {
        if in_text || !matches!(c, ' ' | '\t' | '\n' | '\r') {
            out.push(c);
        }
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = in_text,
            '"' => in_text = !in_text,
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::bytes::MemorySource;
    use crate::weights::gguf::{GgufLayout, GgufWriter, read_header};

    fn metadata(fields: &[(String, Field)]) -> Metadata {
        let layout = GgufLayout::new(fields, &[]).expect("no tensors");
        let bytes = GgufWriter::start(Vec::new(), layout).and_then(GgufWriter::finish).expect("in memory");
        block_on(read_header(&MemorySource::new("m.gguf", bytes))).expect("a header").metadata
    }

    #[test]
    fn files_come_back_without_the_spaces_between_values() {
        let file = |name: &str, text: &str| EmbeddedFile { name: name.to_owned(), text: text.to_owned() };
        let files = [
            file("config.json", "{\n  \"a b\": [1.50, -2e-7],\r\n\t\"q\\\" \\\\\" : \" x \"}"),
            file("1_Pooling/config.json", ""),
        ];
        let fields = embedded_fields(&files).expect("short files");
        let want = [file("config.json", r#"{"a b":[1.50,-2e-7],"q\" \\":" x "}"#), file("1_Pooling/config.json", "")];
        assert_eq!(embedded_files(&metadata(&fields)).expect("valid"), Some(want.to_vec()));
        assert_eq!(embedded_files(&metadata(&[])).expect("valid"), None);
        let long = file("tokenizer.json", &"x".repeat(MAX_STRING_BYTES as usize + 1));
        assert_eq!(embedded_fields(&[long]), Err("tokenizer.json".to_owned()));
    }

    #[test]
    fn hostile_lists_are_refused() {
        let refused = |names: Field, texts: Option<Field>| {
            let mut fields = vec![(EMBEDDED_NAMES.to_owned(), names)];
            fields.extend(texts.map(|texts| (EMBEDDED_TEXTS.to_owned(), texts)));
            embedded_files(&metadata(&fields)).expect_err("a refusal").to_string()
        };
        let texts = |list: &[&str]| Field::Strings(list.iter().map(|text| (*text).to_owned()).collect());
        assert!(refused(texts(&["a"]), None).contains("file_texts is no list of texts"));
        assert!(refused(Field::String("a".to_owned()), Some(texts(&["x"]))).contains("file_names is no list"));
        assert!(refused(texts(&["a"]), Some(Field::I32s(vec![1]))).contains("file_texts is no list"));
        assert!(refused(texts(&["a", "b"]), Some(texts(&["x"]))).contains("names 2 files and holds 1"));
        assert!(refused(texts(&["a", "a"]), Some(texts(&["x", "y"]))).contains("twice"));
        assert!(refused(texts(&[""]), Some(texts(&["x"]))).contains("no name"));
        assert!(refused(texts(&["é".repeat(200).as_str()]), Some(texts(&["x"]))).contains("no name"));
        assert!(refused(texts(&["a"; 65]), Some(texts(&["x"; 65]))).contains("up to 64"));
    }
}

//! Models split into several files, named `model-00001-of-00005.gguf`.

use super::value::Metadata;
use crate::weights::error::WeightsError;

const MAX_PARTS: usize = 1024;

/// The name of a part; parts are counted from one.
///
/// ```
/// assert_eq!(secondpass::weights::gguf::part_name("model", 2, 5), "model-00002-of-00005.gguf");
/// ```
pub fn part_name(stem: &str, part: usize, parts: usize) -> String {
    format!("{stem}-{part:05}-of-{parts:05}.gguf")
}

/// The names of the parts after the first, which is `file`, as its metadata tells; none if it was not split.
pub fn other_parts(file: &str, metadata: &Metadata) -> Result<Vec<String>, WeightsError> {
    let invalid = |detail: String| WeightsError::invalid(file, detail);
    let parts = metadata.number("split.count").unwrap_or(0);
    if parts <= 1 {
        return Ok(Vec::new());
    }
    if parts > MAX_PARTS {
        return Err(invalid(format!("it was split into {parts} files; at most {MAX_PARTS} are read")));
    }
    if metadata.number("split.no").unwrap_or(0) != 0 {
        let first = format!("-00001-of-{parts:05}.gguf");
        return Err(invalid(format!("it is not the first of its {parts} parts; give the one that ends in {first}")));
    }
    let Some(stem) = file.strip_suffix(&format!("-00001-of-{parts:05}.gguf")) else {
        return Err(invalid(format!(
            "it is the first of {parts} parts, but its name does not end in -00001-of-{parts:05}.gguf, so the others cannot be found"
        )));
    };
    Ok((2..=parts).map(|part| part_name(stem, part, parts)).collect())
}

/// The names of the parts after the first, as the name of the first tells, before its header was read.
pub fn parts_by_name(file: &str) -> Vec<String> {
    let of = |file: &str| {
        let (stem, parts) = file.strip_suffix(".gguf")?.rsplit_once("-00001-of-")?;
        let parts: usize = parts.parse().ok().filter(|&parts| parts <= MAX_PARTS)?;
        Some((2..=parts).map(|part| part_name(stem, part, parts)).collect())
    };
    of(file).unwrap_or_default()
}

/// Whether a file is the part that its name says, of that many.
pub fn check_part(file: &str, metadata: &Metadata, part: usize, parts: usize) -> Result<(), WeightsError> {
    if metadata.number("split.count") == Some(parts) && metadata.number("split.no") == Some(part) {
        return Ok(());
    }
    let detail = format!("it says that it is not part {} of {parts}; do all parts come from the same model?", part + 1);
    Err(WeightsError::invalid(file, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_first_part_tells_how_many_there_are() {
        assert_eq!(parts_by_name("m-00001-of-00003.gguf"), ["m-00002-of-00003.gguf", "m-00003-of-00003.gguf"]);
        for single in ["m.gguf", "m-00001-of-00001.gguf", "m-00002-of-00003.gguf", "m-00001-of-99999.gguf", "-of-.gguf"]
        {
            assert_eq!(parts_by_name(single), [""; 0], "{single}");
        }
    }
}

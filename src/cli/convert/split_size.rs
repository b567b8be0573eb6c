//! `--split-max-size`

use parse_size::parse_size;

/// Parses whole bytes, `M` (10^6) or `G` (10^9), as llama.cpp's `gguf-split --split-max-size` does. parse-size also knows
/// fractions, other units and powers of 1024, of which `gguf-split` would make something else.
pub fn parse_split_size(text: &str) -> Result<u64, &'static str> {
    let number = text.strip_suffix(['M', 'm', 'G', 'g']).unwrap_or(text);
    let is_whole = number.bytes().all(|b| b.is_ascii_digit());
    match parse_size(text) {
        Ok(bytes) if is_whole && bytes > 0 => Ok(bytes),
        _ => Err("use a number of bytes, or one with M or G, such as 512M"),
    }
}

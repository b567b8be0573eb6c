//! Every parser of foreign bytes, with valid inputs as seeds. The smoke test in `tests/fuzz` and the coverage-guided targets
//! in `fuzz/` both take them from here.

mod configs;
mod downloads;
mod found;
mod pictures;
mod requests;
mod scripted_host;
mod seeds;
mod texts;
mod weights;

use std::path::{Path, PathBuf};

pub use found::found;

/// Whether an input was accepted. Panics where a parser does what it must not.
pub type Accepts = Box<dyn Fn(&[u8]) -> bool>;

/// Bytes that any parser may take beside what its input needs: compiled expressions of a tokenizer, tables of Unicode.
const ROOM: usize = 32 << 20;
/// The same of downloads, which hold two of the largest pieces while they arrive, and lists of pieces.
const DOWNLOAD_ROOM: usize = 3 * (64 << 20);
/// Bytes that a parser may take for each byte of its input: a JSON value of one digit takes 32, and twice that while a list
/// of them grows.
const ROOM_PER_BYTE: usize = 256;

/// A parser.
pub struct Parser {
    /// Its name, which is that of its target.
    pub name: &'static str,
    /// Inputs that it accepts.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Makes what feeds it.
    pub feeder: fn() -> Accepts,
}

impl Parser {
    /// The most memory that an input of this length may take.
    pub fn room(&self, len: usize) -> usize {
        let room = if matches!(self.name, "download" | "journal") { DOWNLOAD_ROOM } else { ROOM };
        room + len * ROOM_PER_BYTE
    }
}

/// All of them. `tests/house/fuzz.test.mjs` compares their names with the targets.
pub const PARSERS: &[Parser] = &[
    Parser { name: "safetensors", seeds: || vec![seeds::safetensors()], feeder: || Box::new(weights::safetensors) },
    Parser { name: "shards", seeds: weights::shard_seeds, feeder: || Box::new(weights::shards) },
    Parser { name: "gguf", seeds: weights::text_seeds, feeder: || Box::new(weights::text_model) },
    Parser { name: "gguf_vision", seeds: || vec![seeds::vision_gguf()], feeder: weights::tower },
    Parser { name: "gguf_encoder", seeds: weights::encoder_seeds, feeder: || Box::new(weights::encoder) },
    Parser { name: "gguf_embedder", seeds: weights::embedder_seeds, feeder: || Box::new(weights::embedder) },
    Parser { name: "config", seeds: configs::decoder_seeds, feeder: || Box::new(configs::decoder) },
    Parser { name: "config_encoder", seeds: configs::encoder_seeds, feeder: || Box::new(configs::encoder) },
    Parser { name: "modules", seeds: configs::module_seeds, feeder: || Box::new(configs::modules) },
    Parser { name: "folder", seeds: configs::folder_seeds, feeder: || Box::new(configs::folder) },
    Parser { name: "tokenizer", seeds: texts::chat_tokenizer_seeds, feeder: || Box::new(texts::chat_tokenizer) },
    Parser { name: "tokenizer_pairs", seeds: texts::pair_tokenizer_seeds, feeder: || Box::new(texts::pair_tokenizer) },
    Parser { name: "text", seeds: texts::text_seeds, feeder: texts::text },
    Parser { name: "prompt", seeds: texts::prompt_seeds, feeder: texts::prompt },
    Parser { name: "request", seeds: requests::rerank_seeds, feeder: || Box::new(requests::rerank) },
    Parser { name: "embed_request", seeds: requests::embed_seeds, feeder: || Box::new(requests::embed) },
    Parser { name: "data_url", seeds: pictures::data_url_seeds, feeder: || Box::new(pictures::data_url) },
    Parser { name: "png", seeds: || files("pictures", ".png"), feeder: || Box::new(pictures::picture) },
    Parser { name: "jpeg", seeds: || files("pictures", ".jpg"), feeder: || Box::new(pictures::picture) },
    Parser { name: "webp", seeds: || files("pictures", ".webp"), feeder: || Box::new(pictures::picture) },
    Parser { name: "gif", seeds: || files("pictures", ".gif"), feeder: || Box::new(pictures::picture) },
    Parser { name: "bmp", seeds: || files("pictures", ".bmp"), feeder: || Box::new(pictures::picture) },
    Parser { name: "download", seeds: downloads::answer_seeds, feeder: || Box::new(downloads::load) },
    Parser { name: "journal", seeds: downloads::journal_seeds, feeder: || Box::new(downloads::stored) },
];

/// `tests/fixtures`, seen from the crate that compiles this: the tests' own, or that of the targets.
fn fixtures() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut folders = crates.map(|folder| folder.join("tests/fixtures"));
    folders.find(|folder| folder.is_dir()).expect("the repository's fixtures")
}

fn read(file: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn read_text(file: &str) -> String {
    String::from_utf8(read(file)).expect("text")
}

/// The files of a folder with this ending.
fn files(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let names = entries(folder).into_iter().filter(|name| name.ends_with(ending));
    names.map(|name| read(&name)).collect()
}

/// What is in a folder, by names that `read` takes.
fn entries(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(fixtures().join(folder)).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|e| format!("{folder}/{}", e.expect("an entry").file_name().to_string_lossy())).collect();
    names.sort();
    names
}

//! Tests against the output of Pillow and numpy (`tests/reference/make_picture_fixtures.py`).

mod colours;
mod data_urls;
mod decoding;
mod hostile;
mod patches;
mod sizes;
mod video;

use std::path::PathBuf;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Picture;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pictures")
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).expect("a fixture")
}

fn json(name: &str) -> Value {
    serde_json::from_slice(&file(name)).expect("JSON")
}

/// The files of `expected.json` by name, with their expected sizes and hashes.
fn expected() -> Vec<(String, Value)> {
    let files = json("expected.json")["files"].as_object().expect("files").clone();
    files.into_iter().collect()
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().expect("a number")).expect("a size")
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The synthetic picture from which the expected resized pictures were made.
fn formula(width: usize, height: usize) -> Picture {
    let level = |y: usize, x: usize, c: usize| 7 * y + 13 * x + 29 * c + (y * x) % 17 + 40 * ((y / 8 + x / 8) % 2);
    let pixels = (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..3).map(move |c| level(y, x, c) as u8)));
    Picture::from_rgb(width, height, pixels.collect()).expect("a picture")
}

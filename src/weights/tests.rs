//! Tests of headers, tensors and quantized blocks, whole and damaged.

use std::future::Future;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::bytes::{MemoryFolder, read_required};

fn now<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

/// A safetensors file from a header and data.
fn file(header: &Value, data: &[u8]) -> Vec<u8> {
    let header = header.to_string();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

fn two_tensors() -> Vec<u8> {
    let header = json!({
        "a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
        "model.b": {"dtype": "BF16", "shape": [2], "data_offsets": [16, 20]},
        "__metadata__": {"format": "pt"},
    });
    let mut data: Vec<u8> = [1.0f32, 2.0, 3.0, 4.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    data.extend([0.5f32, -2.0].iter().flat_map(|&v| half::bf16::from_f32(v).to_le_bytes()));
    file(&header, &data)
}

fn open(bytes: &[u8]) -> Result<Checkpoint, WeightsError> {
    now(Checkpoint::open(&MemoryFolder::default().with("model.safetensors", bytes)))
}

fn refused(bytes: &[u8]) -> WeightsError {
    open(bytes).err().expect("an error")
}

#[test]
fn tensors_are_read_and_widened() {
    let checkpoint = open(&two_tensors()).expect("valid");
    assert_eq!(now(checkpoint.f32("a", &[2, 2])).expect("a"), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(now(checkpoint.f32("b", &[2])).expect("b"), [0.5, -2.0]);
    assert_eq!(now(checkpoint.f32_rows("a", &[2, 2], 1, 1)).expect("a row"), [3.0, 4.0]);
    assert_eq!(checkpoint.total_bytes(), 20);
}

#[test]
fn a_file_truncated_anywhere_is_refused() {
    let bytes = two_tensors();
    for len in 0..bytes.len() {
        assert_eq!(refused(&bytes[..len]).code(), "invalid_weights", "cut at {len}");
    }
}

#[test]
fn hostile_headers_are_refused_before_anything_is_allocated() {
    let entry =
        |dtype: &str, shape: Value, offsets: [u64; 2]| json!({"dtype": dtype, "shape": shape, "data_offsets": offsets});
    let cases = [
        ("too long", [&u64::MAX.to_le_bytes()[..], b"{}"].concat()),
        ("too long", [&(MAX_HEADER_BYTES + 1).to_le_bytes()[..], b"{}"].concat()),
        (
            "overlap",
            file(&json!({"a": entry("F32", json!([2]), [0, 8]), "b": entry("F32", json!([2]), [4, 12])}), &[0; 12]),
        ),
        ("gap", file(&json!({"a": entry("F32", json!([1]), [4, 8])}), &[0; 8])),
        ("beyond the end", file(&json!({"a": entry("F32", json!([4]), [0, 16])}), &[0; 8])),
        ("backwards", file(&json!({"a": entry("F32", json!([0]), [8, 0])}), &[0; 8])),
        ("wrong size", file(&json!({"a": entry("F32", json!([3]), [0, 8])}), &[0; 8])),
        ("overflow", file(&json!({"a": entry("F32", json!([u64::MAX, 16]), [0, 8])}), &[0; 8])),
        ("negative", file(&json!({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}), &[0; 4])),
        ("not an object", file(&json!([1, 2]), &[])),
        ("dimensions", file(&json!({"a": entry("F32", json!([1, 1, 1, 1, 1, 1, 1, 1, 1]), [0, 4])}), &[0; 4])),
        ("long name", file(&json!({"a".repeat(600): entry("F32", json!([1]), [0, 4])}), &[0; 4])),
    ];
    for (what, bytes) in cases {
        assert_eq!(refused(&bytes).code(), "invalid_weights", "{what}");
    }
}

#[test]
fn a_duplicate_name_is_refused() {
    let one = r#""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
    let header = format!("{{{one},{}}}", one.replace("[0,4]", "[4,8]"));
    let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &[0; 8]].concat();
    assert!(refused(&bytes).to_string().contains("twice"));
}

#[test]
fn deep_nesting_and_broken_utf8_are_refused() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let bytes = [&(deep.len() as u64).to_le_bytes(), deep.as_bytes()].concat();
    assert_eq!(refused(&bytes).code(), "invalid_weights");
    assert_eq!(refused(&[&2u64.to_le_bytes()[..], &[0xff, 0xfe]].concat()).code(), "invalid_weights");
}

#[test]
fn errors_name_a_tensor_of_another_type_shape_or_name() {
    let bytes = file(&json!({"a": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}}), &[0; 8]);
    let error = now(open(&bytes).expect("valid").f32("a", &[1])).expect_err("a type");
    assert_eq!(error.code(), "unsupported_dtype");
    let checkpoint = open(&two_tensors()).expect("valid");
    assert_eq!(now(checkpoint.f32("c", &[1])).expect_err("a name").code(), "missing_tensor");
    let shape = now(checkpoint.f32("a", &[4])).expect_err("a shape");
    assert!(shape.to_string().contains("tensor a"), "{shape}");
}

#[test]
fn html_is_recognized() {
    assert_eq!(refused(b"<!doctype html><title>Hello</title>").code(), "bad_response");
    let folder = MemoryFolder::default().with("config.json", *b"\n <html>");
    assert_eq!(now(read_required(&folder, "config.json", 100)).expect_err("html").code(), "bad_response");
}

#[test]
fn small_files_have_limits_and_must_exist() {
    let folder = MemoryFolder::default().with("config.json", [b'x'; 101]);
    assert_eq!(now(read_required(&folder, "config.json", 100)).expect_err("too long").code(), "bad_response");
    assert_eq!(now(read_required(&folder, "other.json", 100)).expect_err("absent").code(), "not_found");
    assert_eq!(now(Checkpoint::open(&folder)).err().expect("absent").code(), "not_found");
}

fn sharded(map: Value) -> Result<Checkpoint, WeightsError> {
    let index = json!({"weight_map": map}).to_string().into_bytes();
    let folder =
        MemoryFolder::default().with("model.safetensors.index.json", index).with("one.safetensors", two_tensors());
    now(Checkpoint::open(&folder))
}

#[test]
fn shards_are_followed_but_never_out_of_the_folder() {
    assert_eq!(sharded(json!({"a": "one.safetensors"})).expect("valid").tensors().count(), 2);
    for file in ["../one.safetensors", "/one.safetensors", "a/b.safetensors", "..", ".safetensors", "one.bin"] {
        assert_eq!(sharded(json!({ "a": file })).err().expect("an error").code(), "invalid_weights", "{file}");
    }
    assert_eq!(sharded(json!({"a": "two.safetensors"})).err().expect("an error").code(), "not_found");
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _ = open(&bytes);
    }

    #[test]
    fn no_header_makes_the_parser_panic(header in "[\\[\\]{}\":,a0-9FdtypeshapeBo ]{0,200}", data in 0usize..32) {
        let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; data]].concat();
        let _ = open(&bytes);
    }

    #[test]
    fn what_is_written_is_read(values in proptest::collection::vec(any::<f32>(), 1..64)) {
        let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let bytes = file(&json!({"a": {"dtype": "F32", "shape": [values.len()], "data_offsets": [0, data.len()]}}), &data);
        let read = now(open(&bytes).expect("valid").f32("a", &[values.len()])).expect("a");
        prop_assert!(read.iter().zip(&values).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}

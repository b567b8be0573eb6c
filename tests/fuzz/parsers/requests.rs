//! The JSON of requests.

use secondpass::{EmbedRequest, RerankRequest};

use super::read;

pub fn rerank_seeds() -> Vec<Vec<u8>> {
    let requests = ["text/tiny-tied/cases.json", "vl/vl-tied/cases.json"].map(|file| {
        let cases: serde_json::Value = serde_json::from_slice(&read(file)).expect("JSON");
        let cases = cases["cases"].as_array().expect("a list").iter();
        cases.map(|case| case["request"].to_string().into_bytes()).collect::<Vec<_>>()
    });
    requests.concat()
}

pub fn rerank(bytes: &[u8]) -> bool {
    RerankRequest::from_json(&String::from_utf8_lossy(bytes)).is_ok()
}

pub fn embed_seeds() -> Vec<Vec<u8>> {
    let requests: [&[u8]; 2] = [
        br#"{"input": ["a", {"text": "b", "image": "c.png"}], "input_type": "query", "dimensions": 8}"#,
        br#"{"input": {"content": [{"type": "text", "text": "x"}]}, "encoding_format": "int8", "instruction": "find"}"#,
    ];
    requests.map(<[u8]>::to_vec).to_vec()
}

pub fn embed(bytes: &[u8]) -> bool {
    EmbedRequest::from_json(&String::from_utf8_lossy(bytes)).is_ok()
}

//! Tests of requests and responses.

use proptest::prelude::*;

use super::*;

fn parse(body: &str) -> RerankRequest {
    RerankRequest::from_json(body).expect("a valid request")
}

fn refusal(body: &str) -> String {
    RerankRequest::from_json(body).expect_err("an invalid request").to_string()
}

fn answer(request: &RerankRequest, scores: &[f64]) -> Result<RerankResponse, RequestError> {
    let meta = Meta {
        device: "cpu".into(),
        cached_tokens: 0,
        timings: Timings { tokenize_ms: 0.0, vision_ms: 0.0, compute_ms: 0.0, total_ms: 0.0 },
        warnings: Vec::new(),
        failed: Vec::new(),
    };
    let scored = |&score: &f64| Some(DocumentScore { relevance_score: score, logit: score });
    let scores: Vec<Option<DocumentScore>> = scores.iter().map(scored).collect();
    assemble(request, "rerank-1".into(), "m".into(), &scores, Usage { prompt_tokens: 1, total_tokens: 1 }, meta)
}

#[test]
fn every_format_of_a_document_is_read() {
    let request = parse(
        r#"{"query": {"text": ["a", "b"]}, "model": "x", "documents": ["s", {"text": "t"},
            {"content": [{"type": "text", "text": "u"}, {"type": "text", "text": "v"}]}]}"#,
    );
    assert_eq!(request.query.joined_text(), "ab");
    let texts: Vec<_> = request.documents.iter().map(Content::joined_text).collect();
    assert_eq!(texts, ["s", "t", "uv"]);
    assert_eq!(request.first_media(), None);
}

#[test]
fn every_format_of_an_image_or_video_is_read() {
    let request = parse(
        r#"{"query": "q", "documents": ["a", {"image": ["b.png", {"url": "c.png"}]},
            {"content": [{"type": "image_url", "image_url": {"url": "d.png"}}, {"type": "text", "text": "t"}]},
            {"image": {"$attachment": 3}, "video": ["e.png", "f.png"]},
            {"video": [{"frames": ["g.png"], "fps": 2}, {"frames": ["h.png", "i.png"], "timestamps": [0, 0.5]}]}, {}]}"#,
    );
    let url = |s: &str| ImageRef::Url(s.to_owned());
    assert_eq!(request.first_media().as_deref(), Some("documents[1]"));
    assert_eq!(request.documents[1].images, [url("b.png"), url("c.png")]);
    assert_eq!(request.documents[2].images, [url("d.png")]);
    assert_eq!(request.documents[3].images, [ImageRef::Attachment(3)]);
    assert_eq!(request.documents[3].videos[0].frames, [url("e.png"), url("f.png")]);
    assert_eq!(request.documents[4].videos[0].fps, Some(2.0));
    assert_eq!(request.documents[4].videos[1].timestamps.as_deref(), Some(&[0.0, 0.5][..]));
    assert!(!request.documents[5].has_media());
}

#[test]
fn errors_name_what_is_wrong_with_an_image_or_video() {
    let of = |document: &str| refusal(&format!(r#"{{"query": "q", "documents": [{document}]}}"#));
    for (document, part) in [
        (r#"{"image": 3}"#, "documents[0]: a picture"),
        (r#"{"image": ""}"#, "not be empty"),
        (r#"{"video": "a.mp4"}"#, "video files are not decoded"),
        (r#"{"video": {"frames": []}}"#, "frames"),
        (r#"{"video": {"frames": ["a"], "fps": 0}}"#, "fps"),
        (r#"{"video": {"frames": ["a", "b"], "timestamps": [1]}}"#, "timestamps"),
        (r#"{"video": {"frames": ["a", "b"], "timestamps": [1, 0]}}"#, "timestamps"),
        (r#"{"picture": "a"}"#, "documents[0] must be"),
    ] {
        assert!(of(document).contains(part), "{document} gave {}", of(document));
    }
    let many = format!(r#"{{"image": [{}"a"]}}"#, r#""a","#.repeat(MAX_PICTURES));
    assert!(of(&many).contains("more than 64"));
}

#[test]
fn errors_name_the_field_that_is_wrong() {
    for (body, part) in [
        ("", "JSON"),
        ("[]", "object"),
        (r#"{"documents": ["a"]}"#, "query"),
        (r#"{"query": "q"}"#, "documents"),
        (r#"{"query": "q", "documents": []}"#, "must not be empty"),
        (r#"{"query": "q", "documents": [1]}"#, "documents[0]"),
        (r#"{"query": "q", "documents": [{"text": 1}]}"#, "documents[0]"),
        (r#"{"query": "q", "documents": ["a"], "top_n": -1}"#, "top_n"),
        (r#"{"query": "q", "documents": ["a"], "top_n": 1.5}"#, "top_n"),
        (r#"{"query": "q", "documents": ["a"], "instruction": 3}"#, "instruction"),
        (r#"{"query": "q", "documents": ["a"], "return_documents": "yes"}"#, "return_documents"),
    ] {
        assert!(refusal(body).contains(part), "{body} gave {}", refusal(body));
    }
    let many = format!(r#"{{"query": "q", "documents": [{}"a"]}}"#, r#""a","#.repeat(MAX_DOCUMENTS));
    assert!(refusal(&many).contains("1001 documents"));
}

#[test]
fn results_are_sorted_limited_and_repeat_their_documents() {
    let request = parse(r#"{"query": "q", "documents": ["a", "b", "c"], "top_n": 2, "return_documents": true}"#);
    let response = answer(&request, &[0.5, 0.9, 0.5]).expect("an answer");
    let order: Vec<_> = response.results.iter().map(|r| r.index).collect();
    assert_eq!(order, [1, 0], "ties keep the order of the request");
    assert_eq!(response.results[0].document, Some(serde_json::json!({ "text": "b" })));
}

#[test]
fn a_score_of_nan_is_an_internal_error() {
    let request = parse(r#"{"query": "q", "documents": ["a"]}"#);
    assert_eq!(answer(&request, &[f64::NAN]).expect_err("an error").code(), "internal");
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(body in "\\PC*") {
        let _ = RerankRequest::from_json(&body);
    }
}

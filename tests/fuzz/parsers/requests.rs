//! The JSON of requests, and the frames of videos that they ask for.

use secondpass::api::Content;
use secondpass::media::{FrameTiming, VideoOptions, format_timestamp, select_frames, step_timestamps};
use secondpass::{EmbedRequest, RerankRequest};

use super::read;

/// Frames of a temporal step of the models that read videos.
const TEMPORAL: usize = 2;

pub fn rerank_seeds() -> Vec<Vec<u8>> {
    let requests = ["text/tiny-tied/cases.json", "vl/vl-tied/cases.json"].map(|file| {
        let cases: serde_json::Value = serde_json::from_slice(&read(file)).expect("JSON");
        let cases = cases["cases"].as_array().expect("a list").iter();
        cases.map(|case| case["request"].to_string().into_bytes()).collect::<Vec<_>>()
    });
    let sampled = br#"{"query": {"video": {"frames": ["a", "b", "c", "d", "e"], "fps": 2.5}}, "documents": [{"video": {"frames": ["a"], "timestamps": [1.5]}}, "x"], "fps": 2, "max_frames": 4, "max_length": 64, "max_tokens_per_doc": 8, "raw_scores": true}"#;
    [requests.concat(), vec![sampled.to_vec()]].concat()
}

pub fn rerank(bytes: &[u8]) -> bool {
    let Ok(request) = RerankRequest::from_json(&String::from_utf8_lossy(bytes)) else { return false };
    let default = VideoOptions::default();
    let options = VideoOptions {
        fps: request.fps.unwrap_or(default.fps),
        max_frames: request.max_frames.unwrap_or(default.max_frames),
        ..default
    };
    [&request.query].into_iter().chain(&request.documents).for_each(|content| frames(content, &options));
    true
}

/// Selected frames are there, in order, and have times.
fn frames(content: &Content, options: &VideoOptions) {
    for video in &content.videos {
        let timing = match (&video.timestamps, video.fps) {
            (Some(times), _) => FrameTiming::Timestamps(times.clone()),
            (None, Some(fps)) => FrameTiming::Sampled { fps },
            (None, None) => FrameTiming::FrameList,
        };
        let Ok(selected) = select_frames(video.frames.len(), &timing, options) else { continue };
        assert!(selected.is_sorted() && selected.iter().all(|&frame| frame < video.frames.len()), "{selected:?}");
        assert!(!selected.is_empty() && selected.len() <= options.max_frames.max(1), "{selected:?}");
        let steps = selected.len().div_ceil(TEMPORAL);
        let times = step_timestamps(&selected, steps, &timing, TEMPORAL).into_iter().map(format_timestamp);
        assert_eq!(times.filter(|time| time.ends_with(" seconds>")).count(), steps);
    }
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

//! Which frames are looked at, how large, and when they were.

use super::super::video::{frame_limits, snap};
use super::super::{
    Geometry, MediaError, Picture, SizeLimits, Timing, VideoOptions, selected_frames, timestamp_text, video,
};
use super::{formula, json, number};

const GEOMETRY: Geometry = Geometry { patch: 16, temporal: 2, merge: 2 };

fn frames(count: usize, width: usize, height: usize) -> Vec<Picture> {
    (0..count).map(|_| formula(width, height)).collect()
}

#[test]
fn frames_are_those_that_numpy_chooses() {
    let expected = json("expected.json");
    let chosen = |case: &serde_json::Value| -> Vec<usize> {
        case["frames"].as_array().expect("frames").iter().map(number).collect()
    };
    for case in expected["video"]["lists"].as_array().expect("lists") {
        let options = VideoOptions { max_frames: number(&case["most"]), ..VideoOptions::default() };
        assert_eq!(selected_frames(number(&case["count"]), &Timing::FrameList, &options), Ok(chosen(case)), "{case}");
    }
    for case in expected["video"]["videos"].as_array().expect("videos") {
        let options = VideoOptions { fps: case["wanted"].as_f64().expect("a rate"), ..VideoOptions::default() };
        let timing = Timing::Sampled { fps: case["fps"].as_f64().expect("a rate") };
        assert_eq!(selected_frames(number(&case["count"]), &timing, &options), Ok(chosen(case)), "{case}");
    }
}

#[test]
fn a_short_list_is_taken_whole() {
    let options = VideoOptions::default();
    assert_eq!(selected_frames(5, &Timing::FrameList, &options), Ok(vec![0, 1, 2, 3, 4]));
    assert_eq!(selected_frames(2, &Timing::Timestamps(vec![0.5, 9.0]), &options), Ok(vec![0, 1]));
}

#[test]
fn videos_that_cannot_be_sampled() {
    let options = VideoOptions::default();
    for (count, timing) in [
        (0, Timing::FrameList),
        (0, Timing::Sampled { fps: 30.0 }),
        (1, Timing::Sampled { fps: 30.0 }),
        (9, Timing::Sampled { fps: 0.0 }),
        (9, Timing::Sampled { fps: f64::NAN }),
        (9, Timing::Sampled { fps: f64::INFINITY }),
    ] {
        let error = selected_frames(count, &timing, &options).expect_err("no video");
        assert_eq!((error.code(), error.status()), ("bad_video", 422));
    }
}

#[test]
fn times_are_rounded_as_python_does() {
    let expected = json("expected.json");
    for case in expected["video"]["times"].as_array().expect("times") {
        assert_eq!(timestamp_text(case[0].as_f64().expect("a time")), case[1].as_str().expect("a text"));
    }
    for (seconds, text) in [(0.25, "0.2"), (1.25, "1.2"), (2.25, "2.2"), (0.35, "0.3"), (0.75, "0.8")] {
        assert_eq!(timestamp_text(seconds), format!("<{text} seconds>"));
    }
}

#[test]
fn frames_share_the_pixels() {
    let options = VideoOptions::default();
    for (frames, most) in [(2, 786_432), (20, 786_432), (32, 491_520), (64, 245_760), (1_000, 137_625)] {
        let limits = frame_limits(frames, true, &options);
        assert_eq!(limits, SizeLimits { min_pixels: 131_072, max_pixels: most }, "{frames} frames");
    }
    // Of a video file all 64 frames may be as large as any.
    assert_eq!(frame_limits(64, false, &options).max_pixels, 786_432);
}

#[test]
fn frames_of_a_list_are_first_snapped_to_64() {
    for ((width, height), snapped) in
        [((640, 480), (640, 512)), ((96, 160), (128, 128)), ((100, 90), (192, 128)), ((64, 64), (128, 128))]
    {
        let frame = snap(&formula(width, height)).expect("a frame");
        assert_eq!((frame.width(), frame.height()), snapped, "{width} × {height}");
    }
}

#[test]
fn five_frames_fill_three_steps() {
    let (options, frames) = (VideoOptions::default(), frames(5, 640, 480));
    let chosen = selected_frames(5, &Timing::FrameList, &options).expect("frames");
    let cut = video(&frames, &chosen, &Timing::FrameList, &GEOMETRY, &options).expect("a video");
    assert_eq!(cut.patches.grid, [3, 32, 40]);
    // The nominal two frames a second, counted on through the repeated frame.
    assert_eq!(cut.timestamps, [0.25, 1.25, 2.25]);
}

#[test]
fn real_times_are_used_where_they_are_known() {
    let options = VideoOptions::default();
    let timing = Timing::Timestamps(vec![1.0, 2.0, 4.0]);
    let cut = video(&frames(3, 64, 64), &[0, 1, 2], &timing, &GEOMETRY, &options).expect("a video");
    assert_eq!(cut.timestamps, [1.5, 4.0]);
    let timing = Timing::Sampled { fps: 10.0 };
    let cut = video(&frames(4, 64, 64), &[0, 13, 26, 39], &timing, &GEOMETRY, &options).expect("a video");
    assert_eq!(cut.timestamps, [0.65, 3.25]);
}

/// They are compared by what the reference resizes them to first.
#[test]
fn listed_frames_may_differ_as_far_as_they_are_snapped() {
    let options = VideoOptions::default();
    let mixed = [formula(640, 480), formula(630, 500)];
    let cut = video(&mixed, &[0, 1], &Timing::FrameList, &GEOMETRY, &options).expect("a video");
    assert_eq!(cut.patches.grid, [1, 32, 40]);
    let error = video(&mixed, &[0, 1], &Timing::Sampled { fps: 1.0 }, &GEOMETRY, &options).expect_err("no video");
    assert!(matches!(error, MediaError::Video(_)), "the frames of a film have one size");
}

#[test]
fn frames_agree_with_each_other() {
    let options = VideoOptions::default();
    let mut mixed = frames(2, 64, 64);
    mixed.push(formula(64, 96));
    for (frames, chosen) in [(mixed, vec![0, 1, 2]), (frames(2, 64, 64), vec![0]), (Vec::new(), Vec::new())] {
        let error = video(&frames, &chosen, &Timing::FrameList, &GEOMETRY, &options).expect_err("no video");
        assert!(matches!(error, MediaError::Video(_)));
    }
}

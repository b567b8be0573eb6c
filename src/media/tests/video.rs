//! Sampling, sizes and timestamps of videos.

use super::super::video::{frame_limits, pre_resize};
use super::super::{
    FrameTiming, MediaError, PatchGeometry, Picture, PixelScale, SizeLimits, VideoOptions, format_timestamp,
    select_frames, video_patches,
};
use super::{formula, json, number};

const GEOMETRY: PatchGeometry = PatchGeometry { patch: 16, temporal: 2, merge: 2, scale: PixelScale::Centred };

fn frames(count: usize, width: usize, height: usize) -> Vec<Picture> {
    (0..count).map(|_| formula(width, height)).collect()
}

#[test]
fn the_same_frames_are_selected_as_by_numpy() {
    let expected = json("expected.json");
    let chosen = |case: &serde_json::Value| -> Vec<usize> {
        case["frames"].as_array().expect("frames").iter().map(number).collect()
    };
    for case in expected["video"]["lists"].as_array().expect("lists") {
        let options = VideoOptions { max_frames: number(&case["most"]), ..VideoOptions::default() };
        let selected = select_frames(number(&case["count"]), &FrameTiming::FrameList, &options).expect("frames");
        assert_eq!(selected, chosen(case), "{case}");
    }
    for case in expected["video"]["videos"].as_array().expect("videos") {
        let options = VideoOptions { fps: case["wanted"].as_f64().expect("a rate"), ..VideoOptions::default() };
        let timing = FrameTiming::Sampled { fps: case["fps"].as_f64().expect("a rate") };
        let selected = select_frames(number(&case["count"]), &timing, &options).expect("frames");
        assert_eq!(selected, chosen(case), "{case}");
    }
}

#[test]
fn short_lists_are_not_sampled() {
    let options = VideoOptions::default();
    let selected = |count, timing| select_frames(count, &timing, &options).expect("frames");
    assert_eq!(selected(5, FrameTiming::FrameList), [0, 1, 2, 3, 4]);
    assert_eq!(selected(2, FrameTiming::Timestamps(vec![0.5, 9.0])), [0, 1]);
}

#[test]
fn videos_that_cannot_be_sampled_are_refused() {
    let options = VideoOptions::default();
    for (count, timing) in [
        (0, FrameTiming::FrameList),
        (0, FrameTiming::Sampled { fps: 30.0 }),
        (1, FrameTiming::Sampled { fps: 30.0 }),
        (9, FrameTiming::Sampled { fps: 0.0 }),
        (9, FrameTiming::Sampled { fps: f64::NAN }),
        (9, FrameTiming::Sampled { fps: f64::INFINITY }),
        (9, FrameTiming::Timestamps(vec![0.0; 8])),
    ] {
        let error = select_frames(count, &timing, &options).expect_err("no video");
        assert_eq!((error.code(), error.status()), ("bad_video", 422));
    }
}

#[test]
fn timestamps_are_rounded_as_by_python() {
    let expected = json("expected.json");
    for case in expected["video"]["times"].as_array().expect("times") {
        assert_eq!(format_timestamp(case[0].as_f64().expect("a time")), case[1].as_str().expect("a text"));
    }
    for (seconds, text) in [(0.25, "0.2"), (1.25, "1.2"), (2.25, "2.2"), (0.35, "0.3"), (0.75, "0.8")] {
        assert_eq!(format_timestamp(seconds), format!("<{text} seconds>"));
    }
}

#[test]
fn frames_share_the_budget_of_pixels() {
    let options = VideoOptions::default();
    for (frames, most) in [(2, 786_432), (20, 786_432), (32, 491_520), (64, 245_760), (1_000, 137_625)] {
        let limits = frame_limits(frames, true, &options);
        assert_eq!(limits, SizeLimits { min_pixels: 131_072, max_pixels: most }, "{frames} frames");
    }
    // The budget of a video file is large enough for 64 frames of the largest size.
    assert_eq!(frame_limits(64, false, &options).max_pixels, 786_432);
}

#[test]
fn listed_frames_are_first_resized_to_multiples_of_64() {
    for ((width, height), snapped) in
        [((640, 480), (640, 512)), ((96, 160), (128, 128)), ((100, 90), (192, 128)), ((64, 64), (128, 128))]
    {
        let frame = pre_resize(&formula(width, height)).expect("a frame");
        assert_eq!((frame.width(), frame.height()), snapped, "{width} × {height}");
    }
}

#[test]
fn the_last_frame_is_repeated_to_fill_a_step() {
    let (options, frames) = (VideoOptions::default(), frames(5, 640, 480));
    let chosen = select_frames(5, &FrameTiming::FrameList, &options).expect("frames");
    let cut = video_patches(&frames, &chosen, &FrameTiming::FrameList, &GEOMETRY, &options).expect("a video");
    assert_eq!(cut.patches.grid, [3, 32, 40]);
    // At the nominal two frames per second; the repeated frame counts.
    assert_eq!(cut.timestamps, [0.25, 1.25, 2.25]);
}

#[test]
fn known_times_are_used() {
    let options = VideoOptions::default();
    let timing = FrameTiming::Timestamps(vec![1.0, 2.0, 4.0]);
    let cut = video_patches(&frames(3, 64, 64), &[0, 1, 2], &timing, &GEOMETRY, &options).expect("a video");
    assert_eq!(cut.timestamps, [1.5, 4.0]);
    let timing = FrameTiming::Sampled { fps: 10.0 };
    let cut = video_patches(&frames(4, 64, 64), &[0, 13, 26, 39], &timing, &GEOMETRY, &options).expect("a video");
    assert_eq!(cut.timestamps, [0.65, 3.25]);
}

/// Sizes are compared after the first resize, as in the reference.
#[test]
fn listed_frames_may_differ_if_they_resize_to_one_size() {
    let options = VideoOptions::default();
    let mixed = [formula(640, 480), formula(630, 500)];
    let cut = video_patches(&mixed, &[0, 1], &FrameTiming::FrameList, &GEOMETRY, &options).expect("a video");
    assert_eq!(cut.patches.grid, [1, 32, 40]);
    let error =
        video_patches(&mixed, &[0, 1], &FrameTiming::Sampled { fps: 1.0 }, &GEOMETRY, &options).expect_err("no video");
    assert!(matches!(error, MediaError::Video(_)), "the frames of a video have one size");
}

#[test]
fn inconsistent_frames_are_refused() {
    let options = VideoOptions::default();
    let mut mixed = frames(2, 64, 64);
    mixed.push(formula(64, 96));
    for (frames, chosen) in [(mixed, vec![0, 1, 2]), (frames(2, 64, 64), vec![0]), (Vec::new(), Vec::new())] {
        let error =
            video_patches(&frames, &chosen, &FrameTiming::FrameList, &GEOMETRY, &options).expect_err("no video");
        assert!(matches!(error, MediaError::Video(_)));
    }
}

//! The size to which a picture is resized, and its pixels then.

use super::super::{MediaError, Picture, SizeLimits, resize, smart_resize};
use super::{formula, hash, json, number};

/// The limits of Qwen's current script. The defaults are those published with the weights.
const SCRIPT: SizeLimits = SizeLimits { min_pixels: 4_096, max_pixels: 1_843_200 };

#[test]
fn sizes_match_the_reference() {
    for (height, width, script, shipped) in [
        (480, 640, (480, 640), (480, 640)),
        (360, 640, (352, 640), (352, 640)),
        (500, 375, (512, 384), (512, 384)),
        (511, 640, (512, 640), (512, 640)),
        (1936, 1296, (1632, 1088), (1376, 928)),
        (1365, 2048, (1088, 1632), (928, 1376)),
        (3000, 4000, (1152, 1536), (960, 1312)),
        (16, 16, (64, 64), (64, 64)),
        // Ties are rounded to even multiples.
        (80, 80, (64, 64), (64, 64)),
        (112, 112, (128, 128), (128, 128)),
    ] {
        let resized = |limits| smart_resize(height, width, 32, limits).expect("a size");
        assert_eq!(resized(&SCRIPT), script, "{height} × {width}");
        assert_eq!(resized(&SizeLimits::QWEN3), shipped, "{height} × {width}");
    }
}

#[test]
fn thin_pictures_are_refused() {
    let limits = SizeLimits::QWEN3;
    assert!(smart_resize(10, 2_000, 32, &limits).is_ok());
    // The last one's height rounds down to 0 when it is reduced.
    let narrow = SizeLimits { min_pixels: 4_096, max_pixels: 8_192 };
    for (height, width, limits) in [(10, 2_001, limits), (2_001, 10, limits), (0, 5, limits), (20, 4_000, narrow)] {
        let error = smart_resize(height, width, 32, &limits).expect_err("too thin");
        assert!(matches!(error, MediaError::AspectRatio { limit: 200, .. }));
        assert_eq!((error.code(), error.status()), ("bad_aspect_ratio", 422));
    }
}

#[test]
fn resized_pixels_are_exact() {
    let golden = json("pillow_bicubic_golden.json");
    let cases = golden["cases"].as_array().expect("cases");
    assert!(!cases.is_empty());
    for case in cases {
        let picture = formula(number(&case["w"]), number(&case["h"]));
        assert_eq!(case["in_sha256"], hash(picture.rgb()));
        let out = resize(&picture, number(&case["W"]), number(&case["H"]));
        assert_eq!(case["out_sha256"], hash(out.rgb()), "{case}");
    }
    let expected = json("expected.json");
    for case in expected["resize"].as_array().expect("cases") {
        let [from, to] = ["from", "to"].map(|key| (number(&case[key][0]), number(&case[key][1])));
        let out = resize(&formula(from.0, from.1), to.0, to.1);
        assert_eq!((out.width, out.height), to);
        assert_eq!(case["sha256"], hash(&out.rgb), "{from:?} to {to:?}");
    }
}

#[test]
fn flat_pictures_stay_flat() {
    for level in [0, 1, 127, 254, 255] {
        let picture = Picture::from_rgb(31, 17, vec![level; 31 * 17 * 3]).expect("a picture");
        for (width, height) in [(64, 32), (32, 64), (5, 3), (200, 7)] {
            assert!(resize(&picture, width, height).rgb.iter().all(|&v| v == level), "{level} at {width} × {height}");
        }
    }
}

//! Files that are damaged, or made to do harm.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::{DecodeOptions, MediaError, decode};
use super::{expected, file};

/// Far more than any refusal takes, far less than decoding a picture of that size.
const SOON: Duration = Duration::from_millis(500);

#[rustfmt::skip]
const SAMPLES: [&str; 22] = [
    "rgb8.png", "palette4-interlaced.png", "rgba16.png", "grey1-trns.png",
    "420-flat.jpg", "progressive-420.jpg", "progressive-restarts.jpg", "restarts.jpg", "cmyk.jpg", "turned6.jpg",
    "lossy-q30.webp", "lossy-alpha.webp", "lossless.webp", "animated-small-frame.webp", "turned6.webp",
    "palette4.gif", "interlaced.gif", "animated.gif", "no-palette.gif",
    "palette8.bmp", "rle8.bmp", "rle4.bmp",
];

fn refused(bytes: &[u8]) -> MediaError {
    decode(bytes, &DecodeOptions::default()).expect_err("not a picture")
}

#[test]
fn nothing_is_not_a_picture() {
    let error = refused(&[]);
    assert_eq!((error.clone(), error.code(), error.status()), (MediaError::Empty, "empty_image", 422));
}

/// A part of a picture is never taken for the whole.
#[test]
fn a_truncated_file_is_refused_or_whole() {
    for name in SAMPLES {
        let bytes = file(name);
        let whole = decode(&bytes, &DecodeOptions::default()).expect("a picture");
        for end in 0..bytes.len() {
            match decode(&bytes[..end], &DecodeOptions::default()) {
                Ok(picture) => {
                    // Pillow refuses all of these; other kinds may lack what comes after the pixels.
                    assert!(!name.ends_with("jpg") && !name.ends_with("webp"), "{name} cut at {end}");
                    assert!(picture == whole, "{name} cut at {end}");
                }
                Err(MediaError::Empty | MediaError::Corrupt(_) | MediaError::Unsupported(_)) => {}
                Err(other) => panic!("{name} cut at {end}: {other}"),
            }
        }
    }
}

/// The same with an end marker behind what is left, as a careless repair makes it.
#[test]
fn a_truncated_jpeg_with_an_end_is_refused() {
    for name in ["444-q90.jpg", "420-q30.jpg", "restarts.jpg", "grey.jpg"] {
        let bytes = file(name);
        let scan = bytes.windows(2).position(|w| w == [0xFF, 0xDA]).expect("a scan");
        for end in (scan + 14..bytes.len() - 8).step_by(7) {
            let mut cut = bytes[..end].to_vec();
            cut.extend([0xFF, 0xD9]);
            assert!(matches!(refused(&cut), MediaError::Corrupt(_)), "{name} cut at {end}");
        }
    }
}

/// Coarse, but whole as far as it goes: the reference shows a guess instead.
#[test]
fn a_progressive_jpeg_without_its_last_passes_is_refused() {
    for name in ["progressive-420.jpg", "progressive-grey.jpg"] {
        let bytes = file(name);
        let scans: Vec<usize> = (0..bytes.len() - 1).filter(|&at| bytes[at..at + 2] == [0xFF, 0xDA]).collect();
        assert!(scans.len() > 5, "{name}");
        // Tables stand before a pass, and may stay without it.
        for &end in &scans {
            let mut cut = bytes[..end].to_vec();
            cut.extend([0xFF, 0xD9]);
            assert!(matches!(refused(&cut), MediaError::Corrupt(_)), "{name} cut at {end}");
        }
    }
}

fn patched(name: &str, at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = file(name);
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

fn frame_of_jpeg(name: &str) -> usize {
    let bytes = file(name);
    bytes.windows(2).position(|w| matches!(w, [0xFF, 0xC0 | 0xC2])).expect("a frame") + 5
}

/// A PNG whose header says that size, with a valid checksum.
fn large_png(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    let crc = !header.iter().fold(!0u32, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step));
    let mut file = file("rgb8.png");
    file[12..29].copy_from_slice(&header);
    file[29..33].copy_from_slice(&crc.to_be_bytes());
    file
}

#[test]
fn a_claim_of_many_pixels_is_refused_at_once() {
    let wide = [0xFF; 4];
    let claims = [
        large_png(0x7FFF_FFFF, 0x7FFF_FFFF),
        large_png(65_536, 65_536),
        patched("420-q30.jpg", frame_of_jpeg("420-q30.jpg"), &wide),
        patched("progressive-420.jpg", frame_of_jpeg("progressive-420.jpg"), &wide),
        patched("palette4.gif", 6, &wide),
        patched("rgb24.bmp", 18, &[0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 0, 0]),
        patched("rle8.bmp", 18, &[0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F]),
        patched("animated.webp", 24, &[0xFF; 6]),
    ];
    for (i, bytes) in claims.iter().enumerate() {
        let start = Instant::now();
        let error = refused(bytes);
        assert!(matches!(error, MediaError::TooLarge { .. }), "{i}: {error}");
        assert_eq!((error.code(), error.status()), ("image_too_large", 413));
        assert!(start.elapsed() < SOON, "{i}");
    }
}

/// Within what is decoded, but more than the bytes of the file can hold.
#[test]
fn a_claim_beyond_the_file_is_refused_at_once() {
    let side = 8_000u16.to_be_bytes();
    let sides = [side[0], side[1], side[0], side[1]];
    let claims = [
        large_png(8_000, 8_000),
        patched("420-q30.jpg", frame_of_jpeg("420-q30.jpg"), &sides),
        patched("progressive-420.jpg", frame_of_jpeg("progressive-420.jpg"), &sides),
        patched("rgb24.bmp", 18, &[0x40, 0x1F, 0, 0, 0x40, 0x1F, 0, 0]),
    ];
    for (i, bytes) in claims.iter().enumerate() {
        let start = Instant::now();
        assert!(matches!(refused(bytes), MediaError::Corrupt(_)), "{i}");
        assert!(start.elapsed() < SOON, "{i}");
    }
}

#[test]
fn the_callers_limit_counts() {
    for (name, want) in expected() {
        let pixels = want["width"].as_u64().expect("a width") * want["height"].as_u64().expect("a height");
        let options = |max_pixels| DecodeOptions { max_pixels, apply_orientation: false };
        assert!(decode(&file(&name), &options(pixels)).is_ok(), "{name}");
        let refused = decode(&file(&name), &options(pixels - 1));
        assert!(matches!(refused, Err(MediaError::TooLarge { .. })), "{name}");
    }
}

/// The beginning of one kind before the rest of another.
#[test]
fn mixed_kinds_are_refused() {
    let heads = [("rgb8.png", 8), ("grey.jpg", 3), ("lossless.webp", 12), ("palette4.gif", 6), ("rgb24.bmp", 2)];
    for (head, len) in heads {
        for (tail, _) in heads.iter().filter(|(tail, _)| *tail != head) {
            let mut bytes = file(head)[..len].to_vec();
            bytes.extend_from_slice(&file(tail));
            assert!(matches!(refused(&bytes), MediaError::Corrupt(_) | MediaError::Unsupported(_)), "{head}, {tail}");
        }
    }
}

/// Decodes what may be anything: the answer is a picture that fits its size, or an error.
fn survive(bytes: &[u8]) {
    for apply_orientation in [false, true] {
        let options = DecodeOptions { max_pixels: 1 << 20, apply_orientation };
        if let Ok(picture) = decode(bytes, &options) {
            assert_eq!(picture.rgb().len(), picture.width() * picture.height() * 3);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_do_no_harm(
        head in prop::sample::select(vec![&b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8\xff", b"RIFF\x40\0\0\0WEBPVP8", b"GIF89a", b"BM", b""]),
        tail in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        survive(&[head, &tail].concat());
    }

    #[test]
    fn damaged_files_do_no_harm(
        name in prop::sample::select(SAMPLES.to_vec()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of((any::<prop::sample::Index>(), 0usize..40)),
    ) {
        let mut bytes = file(name);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some((at, len)) = cut {
            let start = at.index(bytes.len());
            bytes.drain(start..(start + len).min(bytes.len()));
        }
        survive(&bytes);
    }

    /// Changes to the first bytes, where sizes and tables are.
    #[test]
    fn damaged_headers_do_no_harm(
        name in prop::sample::select(SAMPLES.to_vec()),
        changes in prop::collection::vec((0usize..700, any::<u8>()), 1..5),
    ) {
        let mut bytes = file(name);
        for (at, value) in changes {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        survive(&bytes);
    }
}

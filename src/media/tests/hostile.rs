//! Damaged files, and files made to exhaust memory or time.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::{CorruptImage, DecodeOptions, MediaError, decode};
use super::{expected, file};

/// A refusal takes far less. Decoding a picture of the claimed size would take far more.
const REFUSAL_TIME: Duration = Duration::from_millis(500);

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
fn an_empty_file_is_refused() {
    let error = refused(&[]);
    assert!(matches!(error, MediaError::Empty), "{error}");
    assert_eq!((error.code(), error.status()), ("empty_image", 422));
}

/// The beginning of a picture is never returned as the whole.
#[test]
fn a_truncated_file_is_refused_or_complete() {
    for name in SAMPLES {
        let bytes = file(name);
        let whole = decode(&bytes, &DecodeOptions::default()).expect("a picture");
        for end in 0..bytes.len() {
            match decode(&bytes[..end], &DecodeOptions::default()) {
                Ok(picture) => {
                    // As in Pillow, only these formats may lack what comes after the pixels.
                    assert!(!name.ends_with("jpg") && !name.ends_with("webp"), "{name} cut at {end}");
                    assert!(picture == whole, "{name} cut at {end}");
                }
                Err(MediaError::Empty | MediaError::Corrupt(_) | MediaError::Unsupported(_)) => {}
                Err(other) => panic!("{name} cut at {end}: {other}"),
            }
        }
    }
}

/// As after a careless repair.
#[test]
fn a_truncated_jpeg_with_an_end_marker_is_refused() {
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

/// Each part is a valid file of lower quality, for which libjpeg estimates coefficients from neighbouring blocks.
#[test]
fn a_progressive_jpeg_without_its_last_scans_is_refused() {
    for name in ["progressive-420.jpg", "progressive-grey.jpg"] {
        let bytes = file(name);
        let scans: Vec<usize> = (0..bytes.len() - 1).filter(|&at| bytes[at..at + 2] == [0xFF, 0xDA]).collect();
        assert!(scans.len() > 5, "{name}");
        // Cut before a scan header, so that tables may remain without their scan.
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

/// A PNG whose header claims this size, with a valid checksum.
fn large_png(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut file = file("rgb8.png");
    file[12..29].copy_from_slice(&header);
    file[29..33].copy_from_slice(&crc32fast::hash(&header).to_be_bytes());
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
        assert!(start.elapsed() < REFUSAL_TIME, "{i}");
    }
}

/// A PNG with another palette.
fn with_palette(name: &str, palette: &[u8]) -> Vec<u8> {
    let file = file(name);
    let at = file.windows(4).position(|w| w == b"PLTE").expect("a palette") - 4;
    let old = u32::from_be_bytes(file[at..at + 4].try_into().expect("a length")) as usize;
    let chunk = [b"PLTE", palette].concat();
    let checksum = crc32fast::hash(&chunk).to_be_bytes();
    [&file[..at], &(palette.len() as u32).to_be_bytes(), &chunk, &checksum, &file[at + 12 + old..]].concat()
}

/// Found by the fuzzer: the decoder panicked.
#[test]
fn a_png_whose_palette_is_no_list_of_colours_is_refused() {
    for name in ["palette1.png", "palette4.png", "palette8.png", "palette4-interlaced.png", "palette2-trns.png"] {
        for len in [1, 2, 4, 47, 49, 767, 769, 3 * 257, 1 << 12] {
            let error = refused(&with_palette(name, &vec![7; len]));
            assert!(matches!(error, MediaError::Corrupt(_)), "{name} with {len} bytes: {error}");
        }
        assert!(decode(&with_palette(name, &[7; 768]), &DecodeOptions::default()).is_ok(), "{name}");
    }
}

/// What the decoder believes of a WebP before it compares it: found by the fuzzer, which also holds the memory that this takes.
#[test]
fn claims_within_a_webp_cost_nothing() {
    let at = |name: &str, mark: &[u8; 4]| file(name).windows(4).rposition(|w| w == mark).expect("a chunk");
    let start = Instant::now();
    let frame = patched("lossy-alpha.webp", at("lossy-alpha.webp", b"VP8 ") + 14, &[0xFF, 0x3F, 0xFF, 0x3F]);
    assert!(matches!(refused(&frame), MediaError::Corrupt(_)));
    assert!(start.elapsed() < REFUSAL_TIME);
    // Metadata that is not there turns nothing.
    let metadata = patched("turned6.webp", at("turned6.webp", b"EXIF") + 4, &[0xFF, 0xFF, 0xFF, 0x1F]);
    let options = DecodeOptions { apply_orientation: true, ..DecodeOptions::default() };
    let unturned = decode(&file("turned6.webp"), &DecodeOptions::default()).expect("a picture");
    assert!(decode(&metadata, &options).expect("a picture") == unturned);
}

/// Within the limit, but more pixels than a file of that length can hold.
#[test]
fn a_claim_of_more_pixels_than_the_file_holds_is_refused_at_once() {
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
        assert!(start.elapsed() < REFUSAL_TIME, "{i}");
    }
}

#[test]
fn the_callers_pixel_limit_is_exact() {
    for (name, want) in expected() {
        let pixels = want["width"].as_u64().expect("a width") * want["height"].as_u64().expect("a height");
        let options = |max_pixels| DecodeOptions { max_pixels, apply_orientation: false };
        assert!(decode(&file(&name), &options(pixels)).is_ok(), "{name}");
        let refused = decode(&file(&name), &options(pixels - 1));
        assert!(matches!(refused, Err(MediaError::TooLarge { .. })), "{name}");
    }
}

/// The signature of one format before a file of another.
#[test]
fn mixed_formats_are_refused() {
    let heads = [("rgb8.png", 8), ("grey.jpg", 3), ("lossless.webp", 12), ("palette4.gif", 6), ("rgb24.bmp", 2)];
    for (head, len) in heads {
        for (tail, _) in heads.iter().filter(|(tail, _)| *tail != head) {
            let mut bytes = file(head)[..len].to_vec();
            bytes.extend_from_slice(&file(tail));
            assert!(matches!(refused(&bytes), MediaError::Corrupt(_) | MediaError::Unsupported(_)), "{head}, {tail}");
        }
    }
}

/// A scan of a progressive JPEG: its first and last coefficient, and its high and low bit.
type Scan = [u8; 4];

const DC_SCAN: Scan = [0, 0, 0, 0];
const AC_SCAN: Scan = [1, 63, 0, 0];

/// A grey progressive JPEG of empty scans, each as short as its blocks allow.
fn progressive_jpeg(side: u16, scans: &[Scan]) -> Vec<u8> {
    fn push_segment(jpeg: &mut Vec<u8>, marker: u8, body: &[u8]) {
        jpeg.extend([0xFF, marker]);
        jpeg.extend((body.len() as u16 + 2).to_be_bytes());
        jpeg.extend(body);
    }
    let mut jpeg = vec![0xFF, 0xD8];
    push_segment(&mut jpeg, 0xDB, &[&[0][..], &[1; 64]].concat());
    let [high, low] = side.to_be_bytes();
    push_segment(&mut jpeg, 0xC2, &[8, high, low, high, low, 1, 1, 0x11, 0]);
    // Codes of one bit. DC: a difference of 0. AC: E0, the end of the band for 2^14 blocks and as many more as the next
    // 14 bits say.
    for (class, symbol) in [(0x00, 0x00), (0x10, 0xE0)] {
        push_segment(&mut jpeg, 0xC4, &[&[class, 1][..], &[0; 15], &[symbol]].concat());
    }
    let blocks = usize::from(side).div_ceil(8).pow(2);
    for &[first, last, high, low] in scans {
        push_segment(&mut jpeg, 0xDA, &[1, 1, 0, first, last, high << 4 | low]);
        // One zero bit for each DC coefficient, or 15 zero bits for each 2^14 blocks.
        let bits = if first == 0 { blocks } else { blocks.div_ceil(1 << 14) * 15 };
        jpeg.extend(std::iter::repeat_n(0, bits.div_ceil(8)));
    }
    jpeg.extend([0xFF, 0xD9]);
    jpeg
}

#[test]
fn a_progressive_jpeg_of_few_scans_is_decoded() {
    let picture = decode(&progressive_jpeg(64, &[DC_SCAN, AC_SCAN]), &DecodeOptions::default()).expect("a picture");
    assert!(picture.rgb().iter().all(|&value| value == 128));
}

#[test]
fn a_jpeg_of_too_many_scans_is_refused() {
    // Each coefficient is sent in one scan and refined in another, which is valid.
    let coefficients = 1..=63u8;
    let mut scans = vec![DC_SCAN];
    scans.extend(coefficients.clone().map(|k| [k, k, 0, 1]));
    scans.extend(coefficients.map(|k| [k, k, 1, 0]));
    let error = refused(&progressive_jpeg(64, &scans));
    assert!(matches!(error, MediaError::Corrupt(CorruptImage::TooManyScans { limit: 100 })), "{error}");
    assert_eq!((error.code(), error.status()), ("corrupt_image", 422));
    let allowed = [vec![DC_SCAN], (1..=63u8).map(|k| [k, k, 0, 0]).collect()].concat();
    assert!(decode(&progressive_jpeg(64, &allowed), &DecodeOptions::default()).is_ok());
}

#[test]
fn a_jpeg_that_repeats_its_scans_is_refused() {
    let repeated = |count: usize| {
        let scans = [vec![DC_SCAN], vec![AC_SCAN; count]].concat();
        decode(&progressive_jpeg(64, &scans), &DecodeOptions::default())
    };
    // As often as there are bits to refine.
    assert!(repeated(14).is_ok());
    for count in [15, 500] {
        let error = repeated(count).expect_err("too much work");
        assert!(matches!(error, MediaError::Corrupt(CorruptImage::Malformed { .. })), "{error}");
    }
}

/// The most expensive scans, as many as are allowed: refinements that visit each coefficient and change none.
#[test]
fn the_time_of_a_jpeg_is_bounded_by_its_pixels() {
    let mut scans = vec![DC_SCAN, [1, 63, 0, 1]];
    scans.extend([[1, 63, 1, 0]; 500]);
    let bytes = progressive_jpeg(512, &scans);
    let start = Instant::now();
    assert!(matches!(refused(&bytes), MediaError::Corrupt(_)));
    assert!(start.elapsed() < 4 * REFUSAL_TIME, "{:?}", start.elapsed());
}

/// A zlib stream that inflates to about 160 times its `len` bytes.
fn zlib_bomb(len: usize) -> Vec<u8> {
    // One block with the fixed codes: the literal 0, then matches of length 258 at distance 1, of 13 bits each. Huffman
    // codes are packed from their highest bit, all else from its lowest.
    let mut bits = vec![true, true, false];
    bits.extend([false, false, true, true, false, false, false, false]);
    while bits.len() < len * 8 {
        bits.extend([true, true, false, false, false, true, false, true]);
        bits.extend([false; 5]);
    }
    bits.extend([false; 7]);
    let byte = |bits: &[bool]| bits.iter().rev().fold(0u8, |byte, &bit| byte << 1 | u8::from(bit));
    let mut stream = vec![0x78, 0x01];
    stream.extend(bits.chunks(8).map(byte));
    stream
}

/// XMP that would inflate to 300 MB is ignored.
#[test]
fn a_compression_bomb_in_the_metadata_is_not_inflated() {
    let mut body = b"iTXtXML:com.adobe.xmp\0\x01\0\0\0".to_vec();
    body.extend(zlib_bomb(2 << 20));
    let mut chunk = (body.len() as u32 - 4).to_be_bytes().to_vec();
    chunk.extend(&body);
    chunk.extend(crc32fast::hash(&body).to_be_bytes());
    let plain = file("rgb8.png");
    let mut png = plain[..33].to_vec();
    png.extend(chunk);
    png.extend_from_slice(&plain[33..]);
    let start = Instant::now();
    let options = DecodeOptions { apply_orientation: true, ..DecodeOptions::default() };
    let picture = decode(&png, &options).expect("a picture");
    assert!(start.elapsed() < 4 * REFUSAL_TIME, "{:?}", start.elapsed());
    assert_eq!(picture, decode(&plain, &options).expect("a picture"));
}

/// Decoding any bytes gives a consistent picture or an error.
fn decode_any(bytes: &[u8]) {
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
    fn random_bytes_do_not_panic(
        head in prop::sample::select(vec![&b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8\xff", b"RIFF\x40\0\0\0WEBPVP8", b"GIF89a", b"BM", b""]),
        tail in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        decode_any(&[head, &tail].concat());
    }

    #[test]
    fn damaged_files_do_not_panic(
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
        decode_any(&bytes);
    }

    /// Changes among the first bytes, where sizes and tables are.
    #[test]
    fn damaged_headers_do_not_panic(
        name in prop::sample::select(SAMPLES.to_vec()),
        changes in prop::collection::vec((0usize..700, any::<u8>()), 1..5),
    ) {
        let mut bytes = file(name);
        for (at, value) in changes {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        decode_any(&bytes);
    }
}

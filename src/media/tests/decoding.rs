//! Every format against Pillow, bit for bit, the lossy ones too.

use super::super::{DecodeOptions, MediaError, Picture, decode};
use super::{expected, file, hash, number};

fn options(name: &str) -> DecodeOptions {
    DecodeOptions { apply_orientation: name.starts_with("turned"), ..DecodeOptions::default() }
}

/// The fixtures with this extension that decode differently.
fn mismatches(extension: &str) -> Vec<String> {
    let mut mismatches = Vec::new();
    let mut checked = 0;
    for (name, want) in expected().iter().filter(|(name, _)| name.ends_with(extension)) {
        checked += 1;
        match decode(&file(name), &options(name)) {
            Err(error) => mismatches.push(format!("{name}: {error}")),
            Ok(picture) if (picture.width, picture.height) != (number(&want["width"]), number(&want["height"])) => {
                mismatches.push(format!("{name}: {} × {}", picture.width, picture.height));
            }
            Ok(picture) if want["sha256"] != hash(&picture.rgb) => mismatches.push(format!("{name}: other pixels")),
            Ok(_) => {}
        }
    }
    assert!(checked > 5, "{checked} files of {extension}");
    mismatches
}

#[test]
fn png_is_exact() {
    assert_eq!(mismatches(".png"), [""; 0]);
}

#[test]
fn jpeg_is_exact() {
    assert_eq!(mismatches(".jpg"), [""; 0]);
}

#[test]
fn webp_is_exact() {
    assert_eq!(mismatches(".webp"), [""; 0]);
}

#[test]
fn gif_is_exact() {
    assert_eq!(mismatches(".gif"), [""; 0]);
}

#[test]
fn bmp_is_exact() {
    assert_eq!(mismatches(".bmp"), [""; 0]);
}

#[test]
fn the_exif_orientation_is_applied_on_request_only() {
    for kind in ["jpg", "png", "webp"] {
        let bytes = file(&format!("turned6.{kind}"));
        let stored = decode(&bytes, &DecodeOptions::default()).expect("a picture");
        let turned = decode(&bytes, &options("turned")).expect("a picture");
        assert_eq!((stored.width, stored.height), (turned.height, turned.width), "{kind}");
        // Orientation 6: the upper left corner becomes the upper right one.
        assert_eq!(stored.rgb[..3], turned.rgb[(turned.width - 1) * 3..turned.width * 3], "{kind}");
    }
}

/// A JPEG with an orientation in XMP alone.
#[test]
fn the_xmp_orientation_is_applied_where_exif_has_none() {
    let mut body = b"http://ns.adobe.com/xap/1.0/\0<rdf:Description tiff:Orientation=\"3\"/>".to_vec();
    let mut with_xmp = vec![0xFF, 0xD8, 0xFF, 0xE1, 0, body.len() as u8 + 2];
    with_xmp.append(&mut body);
    let after_exif = 4 + usize::from(u16::from_be_bytes([file("grey.jpg")[4], file("grey.jpg")[5]]));
    with_xmp.extend_from_slice(&file("grey.jpg")[2..after_exif]);
    with_xmp.extend_from_slice(&file("grey.jpg")[after_exif..]);
    let stored = decode(&file("grey.jpg"), &DecodeOptions::default()).expect("a picture");
    let turned = decode(&with_xmp, &options("turned")).expect("a picture");
    let backwards: Vec<u8> = stored.rgb.chunks_exact(3).rev().flatten().copied().collect();
    assert_eq!(turned.rgb, backwards);
    assert!(decode(&file("turned1.jpg"), &options("turned")).is_ok());
}

/// Pillow decodes the deltas of RLE wrongly, so the expected pixels were worked out by hand.
#[test]
fn rle_deltas_leave_the_first_colour() {
    let colours = [[1, 2, 3], [10, 20, 30], [40, 50, 60]];
    let runs = [1, 1, 0, 2, 1, 1, 1, 2, 0, 0, 0, 3, 1, 2, 1, 0, 0, 1];
    let palette: Vec<u8> = colours.iter().flat_map(|&[r, g, b]: &[u8; 3]| [b, g, r, 0]).collect();
    let mut bytes = b"BM\0\0\0\0\0\0\0\0".to_vec();
    let words = [14 + 40 + 12, 40, 3, 3, 1 | 8 << 16, 1, runs.len() as u32, 0, 0, 3, 0];
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    bytes.extend_from_slice(&palette);
    bytes.extend_from_slice(&runs);
    let picture = decode(&bytes, &DecodeOptions::default()).expect("a picture");
    let indices = [1, 2, 1, 0, 0, 2, 1, 0, 0];
    let rgb: Vec<u8> = indices.iter().flat_map(|&i: &usize| colours[i]).collect();
    assert_eq!(picture, Picture::from_rgb(3, 3, rgb).expect("a picture"));
}

#[test]
fn formats_that_are_not_decoded_are_named() {
    let cases: [(&[u8], &str); 7] = [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"\0\0\0\x1cftypavif", "AVIF"),
        (b"\0\0\0\x1cftypheic", "HEIC"),
        (b"II*\0", "TIFF"),
        (b"%PDF-1.7", "PDF"),
        (b"hello", "first bytes"),
    ];
    for (bytes, kind) in cases {
        let error = decode(bytes, &DecodeOptions::default()).expect_err("not a picture");
        assert!(matches!(&error, MediaError::Unsupported(what) if what.contains(kind)), "{error}");
        assert_eq!((error.code(), error.status()), ("unsupported_image", 415));
    }
}

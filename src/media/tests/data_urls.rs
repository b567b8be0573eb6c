//! Pictures within a request.

use super::super::{DecodeOptions, MediaError, decode, decode_data_url};
use super::file;

#[test]
fn valid_ones() {
    for (url, bytes) in [
        ("data:image/png;base64,AQID", &[1, 2, 3][..]),
        ("data:;base64,AQID", &[1, 2, 3]),
        ("data:image/png;charset=x;base64,AQI", &[1, 2]),
        ("data:image/png;base64,AQ%49%44", &[1, 2, 3]),
        ("DATA:image/png;base64,AQ\n I D", &[1, 2, 3]),
        ("data:text/plain,a%20b", b"a b"),
        ("data:image/png;base64,", &[]),
    ] {
        assert_eq!(decode_data_url(url).as_deref(), Ok(bytes), "{url}");
    }
}

#[test]
fn invalid_ones() {
    for url in ["data:image/png;base64", "data:image/png;base64,A", "data:image/png;base64,!!!!", "", "http://x/,"] {
        let error = decode_data_url(url).expect_err("not valid");
        assert!(matches!(error, MediaError::Corrupt(_)), "{url}: {error}");
        assert_eq!((error.code(), error.status()), ("corrupt_image", 422));
    }
}

#[test]
fn the_claimed_type_does_not_count() {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes = file("rgb8.png");
    let text: String = bytes
        .chunks(3)
        .flat_map(|three| {
            let word = three.iter().fold(0usize, |sum, &byte| sum << 8 | usize::from(byte)) << (8 * (3 - three.len()));
            (0..=three.len()).map(move |i| char::from(DIGITS[word >> (18 - 6 * i) & 63]))
        })
        .collect();
    let decoded = decode_data_url(&format!("data:image/jpeg;base64,{text}")).expect("valid");
    assert_eq!(decoded, bytes);
    assert!(decode(&decoded, &DecodeOptions::default()).is_ok());
}

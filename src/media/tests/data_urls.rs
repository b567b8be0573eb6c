//! Pictures given as `data:` URLs.

use super::super::{DecodeOptions, MediaError, Picture, decode, decode_data_url};
use super::file;

#[test]
fn valid_urls_are_decoded() {
    for (url, bytes) in [
        ("data:image/png;base64,AQID", &[1, 2, 3][..]),
        ("data:;base64,AQID", &[1, 2, 3]),
        ("data:image/png;charset=x;base64,AQI", &[1, 2]),
        ("data:image/png;base64,AQ%49%44", &[1, 2, 3]),
        ("DATA:image/png;base64,AQ\n I D", &[1, 2, 3]),
        ("data:text/plain,a%20b", b"a b"),
        ("data:image/png;base64,", &[]),
    ] {
        assert_eq!(decode_data_url(url).expect(url), bytes);
    }
}

#[test]
fn invalid_urls_are_refused() {
    for url in ["data:image/png;base64", "data:image/png;base64,A", "data:image/png;base64,!!!!", "", "http://x/,"] {
        let error = decode_data_url(url).expect_err("not valid");
        assert!(matches!(error, MediaError::Corrupt(_)), "{url}: {error}");
        let cause = std::error::Error::source(&error).and_then(|damage| damage.source());
        assert!(cause.is_some(), "{url}: the parser's error is kept");
        assert_eq!((error.code(), error.status()), ("corrupt_image", 422));
    }
}

/// A BMP of one red pixel.
const RED_BMP: &str = "Qk0AAAAAAAAAADYAAAAoAAAAAQAAAAEAAAABABgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD/AA==";

#[test]
fn the_media_type_is_ignored() {
    let bytes = decode_data_url(&format!("data:image/jpeg;base64,{RED_BMP}")).expect("valid");
    let picture = decode(&bytes, &DecodeOptions::default()).expect("a picture");
    assert_eq!(picture, Picture::from_rgb(1, 1, vec![255, 0, 0]).expect("a picture"));

    let bytes = file("rgb8.png");
    let escaped: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
    let decoded = decode_data_url(&format!("data:image/jpeg,{escaped}")).expect("valid");
    assert_eq!(decoded, bytes);
    assert!(decode(&decoded, &DecodeOptions::default()).is_ok());
}

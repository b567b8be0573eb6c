//! Pictures, and the URLs that hold them.

use secondpass::media::{DecodeOptions, decode, decode_data_url};

/// A low limit on decoded pixels, so that a run covers many inputs.
const MAX_PIXELS: u64 = 1 << 16;

pub fn picture(bytes: &[u8]) -> bool {
    let decoded = [false, true].map(|apply_orientation| {
        let options = DecodeOptions { max_pixels: MAX_PIXELS, apply_orientation };
        decode(bytes, &options).ok()
    });
    let [plain, turned] = decoded;
    for picture in plain.iter().chain(&turned) {
        let pixels = picture.width() * picture.height();
        assert!(pixels as u64 <= MAX_PIXELS && picture.rgb().len() == pixels * 3, "{pixels} pixels");
    }
    assert_eq!(plain.is_some(), turned.is_some(), "an orientation decides over the file");
    plain.is_some()
}

pub fn data_url_seeds() -> Vec<Vec<u8>> {
    let urls: [&[u8]; 3] =
        [b"data:image/png;base64,iVBORw0KGgo=", b"data:,a%20b", b"data:text/plain;charset=utf-8;base64, QUJ D#x"];
    urls.map(<[u8]>::to_vec).to_vec()
}

pub fn data_url(bytes: &[u8]) -> bool {
    let url = String::from_utf8_lossy(bytes);
    decode_data_url(&url).is_ok_and(|decoded| decoded.len() <= url.len())
}

//! Pictures given as `data:` URLs.

use super::error::{CorruptImage, MediaError};

/// The bytes of a `data:` URL. Its media type is ignored: [`decode`](super::decode()) recognises the format itself.
///
/// ```
/// # use secondpass::media::decode_data_url;
/// assert_eq!(decode_data_url("data:image/png;base64,AQID")?, [1, 2, 3]);
/// # Ok::<(), secondpass::media::MediaError>(())
/// ```
pub fn decode_data_url(url: &str) -> Result<Vec<u8>, MediaError> {
    let parsed = data_url::DataUrl::process(url).map_err(CorruptImage::DataUrl)?;
    let (bytes, _) = parsed.decode_to_vec().map_err(CorruptImage::Base64)?;
    Ok(bytes)
}

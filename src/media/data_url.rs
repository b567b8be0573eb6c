//! Pictures within the request itself.

use super::MediaError;

/// The bytes of a `data:` URL, whatever type it claims: the bytes themselves tell.
pub fn decode_data_url(url: &str) -> Result<Vec<u8>, MediaError> {
    let corrupt = |what: &str| MediaError::Corrupt(format!("its data: URL {what}"));
    let parsed = data_url::DataUrl::process(url).map_err(|_| corrupt("has no comma or no valid type"))?;
    let (bytes, _) = parsed.decode_to_vec().map_err(|_| corrupt("is not valid base64"))?;
    Ok(bytes)
}

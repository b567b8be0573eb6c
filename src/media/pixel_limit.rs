//! The limit on a picture's size, checked before memory is allocated for it.

use super::error::MediaError;

/// Refuses more than `limit` pixels.
pub(super) fn check_pixel_count(width: u64, height: u64, limit: u64) -> Result<(), MediaError> {
    match width.checked_mul(height) {
        Some(pixels) if pixels <= limit => Ok(()),
        _ => Err(MediaError::TooLarge { width, height, limit }),
    }
}

//! Errors of the JPEG decoder.

use super::super::error::{CorruptImage, ImageFormat, MediaError};

pub(super) fn malformed(problem: &'static str) -> MediaError {
    CorruptImage::Malformed { format: ImageFormat::Jpeg, problem }.into()
}

pub(super) fn unsupported(variant: &str) -> MediaError {
    MediaError::Unsupported(format!("a JPEG {variant}"))
}

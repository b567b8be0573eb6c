//! Errors of the BMP decoder.

use super::super::error::{CorruptImage, ImageFormat, MediaError};

pub(super) fn malformed(problem: &'static str) -> MediaError {
    CorruptImage::Malformed { format: ImageFormat::Bmp, problem }.into()
}

pub(super) fn unsupported(variant: &str) -> MediaError {
    MediaError::Unsupported(format!("a BMP {variant}"))
}

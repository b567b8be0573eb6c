//! What can be wrong with a picture or a video.

/// Why a picture or video cannot be shown to the model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// Its bytes could not be had.
    #[error("the picture could not be read: {0}")]
    Unavailable(String),
    /// No bytes at all.
    #[error("the picture is empty: it has no bytes")]
    Empty,
    /// A kind of file that is not decoded.
    #[error("the picture is of a kind that is not decoded here ({0}); give PNG, JPEG, WebP, GIF or BMP")]
    Unsupported(String),
    /// A file that contradicts itself or ends too early.
    #[error("the picture is damaged or incomplete: {0}")]
    Corrupt(String),
    /// More pixels than are decoded.
    #[error("the picture has {width} × {height} pixels, more than the {limit} that are decoded; give a smaller one")]
    TooLarge {
        /// Its width.
        width: u64,
        /// Its height.
        height: u64,
        /// The most that is decoded.
        limit: u64,
    },
    /// So thin that nothing of it would be left.
    #[error("a picture of {width} × {height} pixels is too thin: one side may be at most {limit} times the other")]
    AspectRatio {
        /// Its width.
        width: usize,
        /// Its height.
        height: usize,
        /// The most.
        limit: usize,
    },
    /// Pixels and size do not agree.
    #[error("the picture's pixels do not fill its size")]
    Pixels,
    /// The caller took the request back.
    #[error("the request was aborted")]
    Aborted,
    /// A video that cannot be sampled.
    #[error("the video cannot be used: {0}")]
    Video(String),
}

impl MediaError {
    /// The code that JavaScript sees.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "image_unavailable",
            Self::Empty => "empty_image",
            Self::Unsupported(_) => "unsupported_image",
            Self::Corrupt(_) | Self::Pixels => "corrupt_image",
            Self::TooLarge { .. } => "image_too_large",
            Self::AspectRatio { .. } => "bad_aspect_ratio",
            Self::Video(_) => "bad_video",
            Self::Aborted => "aborted",
        }
    }

    /// The HTTP status a server would give.
    pub fn status(&self) -> u16 {
        match self {
            Self::Unavailable(_) => 424,
            Self::TooLarge { .. } => 413,
            Self::Unsupported(_) => 415,
            Self::Aborted => 499,
            Self::Empty | Self::Corrupt(_) | Self::Pixels | Self::AspectRatio { .. } | Self::Video(_) => 422,
        }
    }
}

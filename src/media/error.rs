//! Why an image or a video cannot be shown to the model.

use std::error::Error;
use std::fmt;

/// An error of a library or of the caller's own input/output, kept as the source of a [`MediaError`].
pub type MediaSourceError = Box<dyn Error + Send + Sync>;

/// Why an image or a video cannot be shown to the model.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The bytes could not be obtained: a missing file, a failed request, an attachment that does not exist.
    #[error("the picture could not be read: {0}")]
    Unavailable(#[source] MediaSourceError),
    /// Zero bytes.
    #[error("the picture is empty: it has no bytes")]
    Empty,
    /// A file format, or a variant of one, that is not decoded here.
    #[error("the picture is of a kind that is not decoded here ({0}); give PNG, JPEG, WebP, GIF or BMP")]
    Unsupported(String),
    /// A file that contradicts its format or ends too early.
    #[error("the picture is damaged or incomplete: {0}")]
    Corrupt(#[from] CorruptImage),
    /// More pixels than the limit.
    #[error("the picture has {width} × {height} pixels, more than the {limit} that are decoded; give a smaller one")]
    TooLarge {
        /// Width in pixels.
        width: u64,
        /// Height in pixels.
        height: u64,
        /// The most pixels that are decoded.
        limit: u64,
    },
    /// One side is so much longer than the other that the shorter one would vanish when resized.
    #[error("a picture of {width} × {height} pixels is too thin: one side may be at most {limit} times the other")]
    AspectRatio {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// The largest ratio of the sides.
        limit: usize,
    },
    /// The number of bytes is not width × height × channels.
    #[error("the picture's pixel data does not match its width and height")]
    SizeMismatch,
    /// A video that cannot be sampled.
    #[error("the video cannot be used: {0}")]
    Video(#[from] VideoError),
    /// The caller aborted the request.
    #[error("the request was aborted")]
    Aborted,
}

impl MediaError {
    /// The error code that JavaScript sees.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "image_unavailable",
            Self::Empty => "empty_image",
            Self::Unsupported(_) => "unsupported_image",
            Self::Corrupt(_) | Self::SizeMismatch => "corrupt_image",
            Self::TooLarge { .. } => "image_too_large",
            Self::AspectRatio { .. } => "bad_aspect_ratio",
            Self::Video(_) => "bad_video",
            Self::Aborted => "aborted",
        }
    }

    /// The HTTP status that a server would answer with.
    pub fn status(&self) -> u16 {
        match self {
            Self::Unavailable(_) => 424,
            Self::TooLarge { .. } => 413,
            Self::Unsupported(_) => 415,
            Self::Aborted => 499,
            Self::Empty | Self::Corrupt(_) | Self::SizeMismatch | Self::AspectRatio { .. } | Self::Video(_) => 422,
        }
    }
}

/// The formats that are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the names of the formats")]
pub enum ImageFormat {
    Png,
    Jpeg,
    WebP,
    Gif,
    Bmp,
}

impl fmt::Display for ImageFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
        })
    }
}

/// How a file is damaged.
#[derive(Debug, thiserror::Error)]
pub enum CorruptImage {
    /// A decoder of this crate found a violation of the format.
    #[error("the {format} {problem}")]
    Malformed {
        /// The file's format.
        format: ImageFormat,
        /// What is wrong, as the predicate of a sentence about the file.
        problem: &'static str,
    },
    /// A library's decoder rejected the file.
    #[error("the {format} cannot be decoded: {source}")]
    Undecodable {
        /// The file's format.
        format: ImageFormat,
        /// The library's error.
        source: MediaSourceError,
    },
    /// Every scan of a progressive JPEG is a pass over the whole picture, however few bytes it has.
    #[error("the JPEG has more than {limit} scans, more than encoders write; save it again with fewer")]
    TooManyScans {
        /// The most scans that are decoded.
        limit: usize,
    },
    /// Not a `data:` URL, or one without a comma.
    #[error("its data: URL is invalid: {0}")]
    DataUrl(#[source] data_url::DataUrlError),
    /// A `data:` URL whose body is not what it claims to be.
    #[error("its data: URL is not valid base64")]
    Base64(#[source] data_url::forgiving_base64::InvalidBase64),
}

/// Why a video cannot be sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VideoError {
    /// An empty list of frames.
    #[error("it has no frames")]
    NoFrames,
    /// A frame rate that is zero, negative or not finite.
    #[error("its rate must be above 0")]
    InvalidRate,
    /// The rates and the limit leave fewer than two frames.
    #[error("fewer than two of its frames would be looked at")]
    TooFewFrames,
    /// The decoded frames are not those that were selected.
    #[error("its frames are not those that were selected")]
    FrameCount,
    /// Not exactly one timestamp for each frame.
    #[error("it must have one timestamp for each frame")]
    TimestampCount,
    /// Frames of different sizes.
    #[error("its frames differ in size")]
    FrameSizes,
}

//! Pictures and video frames: from foreign bytes to the rows of patches that a vision tower takes, exactly as the
//! reference decodes, resizes and cuts them.

mod bmp;
mod bmp_header;
mod bmp_rle;
mod data_url;
mod decode;
mod error;
mod exif;
mod gif;
mod jpeg;
mod patches;
mod picture;
mod png;
mod resample;
mod resize;
mod size;
mod video;
mod webp;

#[cfg(test)]
mod tests;

pub use data_url::decode_data_url;
pub use decode::{DecodeOptions, decode};
pub use error::MediaError;
pub use patches::{Geometry, Patches, still};
pub use picture::Picture;
pub use resize::resize;
pub use size::{SizeLimits, smart_resize};
pub use video::{Timing, Video, VideoOptions, selected_frames, timestamp_text, timestamps, video};

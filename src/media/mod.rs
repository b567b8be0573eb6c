//! Images and video frames: from file bytes to the rows of patches that a vision tower takes.
//!
//! Every step matches the reference implementation (Python with Pillow, libjpeg-turbo and torchvision) bit for bit: a
//! different pixel is a different score. That is why decoding is not left to the browser, whose decoders differ from one
//! another, and why JPEG and BMP are decoded here rather than by a general-purpose crate. Such crates use another inverse
//! transform, chroma upsampling or colour conversion than libjpeg-turbo, or differ between processors, and do not accept
//! exactly the files that Pillow accepts. PNG, GIF and WebP are exact in any correct decoder, so their compressed data
//! is left to the `png`, `gif` and `image-webp` crates; what Pillow makes of palettes, alpha and the first frame is here.

mod bmp;
mod data_url;
mod decode;
mod error;
mod gif;
mod jpeg;
mod orientation;
mod patches;
mod picture;
mod pixel_limit;
mod pixel_scale;
mod png;
mod resize;
mod resize_torch;
mod smart_resize;
mod video;
mod webp;

#[cfg(test)]
mod tests;

pub use data_url::decode_data_url;
pub use decode::{DecodeOptions, decode};
pub use error::{CorruptImage, ImageFormat, MediaError, VideoError};
pub use patches::{PatchGeometry, Patches, image_patches};
pub use picture::Picture;
pub use pixel_scale::PixelScale;
pub use resize::resize;
pub use smart_resize::{SizeLimits, smart_resize};
pub use video::{
    FrameTiming, VideoOptions, VideoPatches, format_timestamp, select_frames, step_timestamps, video_patches,
};

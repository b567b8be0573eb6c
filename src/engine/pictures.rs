//! Where the images of a request come from.

use crate::api::ImageRef;
use crate::bytes::LocalBoxFuture;
use crate::media::{MediaError, Picture};

/// Reads the images that a request names. Each caller of the engine has its own.
pub trait PictureSource {
    /// Reads and decodes one image.
    fn open<'a>(&'a self, image: &'a ImageRef) -> LocalBoxFuture<'a, Result<Picture, MediaError>>;
}

/// Has no images: for requests of text.
pub struct NoPictures;

impl PictureSource for NoPictures {
    fn open<'a>(&'a self, _: &'a ImageRef) -> LocalBoxFuture<'a, Result<Picture, MediaError>> {
        Box::pin(std::future::ready(Err(MediaError::Unavailable("this caller takes text only".into()))))
    }
}

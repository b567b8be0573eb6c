//! Where the images of a request come from.

use crate::api::ImageRef;
use crate::bytes::LocalBoxFuture;
use crate::media::{MediaError, Picture};

/// Reads the images that a request names. Each caller of the engine has its own.
///
/// ```
/// # #[cfg(not(target_arch = "wasm32"))]
/// # pollster::block_on(async {
/// use secondpass::api::ImageRef;
/// use secondpass::bytes::{DirectoryFolder, LocalBoxFuture};
/// use secondpass::media::{DecodeOptions, MediaError, Picture, decode};
/// use secondpass::{Engine, LoadOptions, Observer, PictureSource, RequestOptions, RerankRequest};
///
/// /// Reads images from a directory.
/// struct Directory(&'static str);
///
/// impl PictureSource for Directory {
///     fn open<'a>(&'a self, image: &'a ImageRef) -> LocalBoxFuture<'a, Result<Picture, MediaError>> {
///         Box::pin(async move {
///             let unavailable = |why: String| MediaError::Unavailable(why.into());
///             let ImageRef::Url(name) = image else { return Err(unavailable("it is not a file".to_owned())) };
///             let bytes = std::fs::read(format!("{}/{name}", self.0)).map_err(|e| unavailable(e.to_string()))?;
///             decode(&bytes, &DecodeOptions::default())
///         })
///     }
/// }
///
/// let folder = DirectoryFolder::new("tests/fixtures/vl/vl-tied");
/// let engine = Engine::load(&folder, LoadOptions::cpu(), &Observer::silent()).await?;
/// let request = RerankRequest::from_json(r#"{"query": "a disc", "documents": [{"image": "shapes.png"}, "a text"]}"#)?;
/// let pictures = Directory("tests/fixtures/vl/pictures");
/// let options = RequestOptions::default();
/// let response = engine.rerank_with(&request, &pictures, options, &Observer::silent()).await?;
/// assert_eq!(response.results.len(), 2);
/// # Ok::<(), secondpass::Error>(())
/// # }).unwrap();
/// ```
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

//! Pictures within a page. The worker fetches and draws; decoding is ours wherever we can.

use js_sys::{Reflect, Uint8Array, Uint8ClampedArray};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

use crate::api::ImageRef;
use crate::bytes::LocalBoxFuture;
use crate::engine::PictureSource;
use crate::media::{self, DecodeOptions, MediaError, Picture};

#[wasm_bindgen]
extern "C" {
    /// The worker's `PictureHost`.
    pub type PictureHost;

    #[wasm_bindgen(method, catch)]
    async fn load(this: &PictureHost, reference: JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    async fn decode(this: &PictureHost, bytes: Uint8Array) -> Result<JsValue, JsValue>;
}

/// The pictures of one request.
pub struct PagePictures<'a> {
    pub host: &'a PictureHost,
    pub signal: &'a AbortSignal,
    pub options: DecodeOptions,
}

impl PagePictures<'_> {
    async fn read(&self, image: &ImageRef) -> Result<Picture, MediaError> {
        let bytes = match image {
            ImageRef::Url(url) if url.starts_with("data:") => media::decode_data_url(url)?,
            other => {
                let reference = match other {
                    ImageRef::Url(url) => JsValue::from_str(url),
                    ImageRef::Attachment(number) => JsValue::from_f64(*number as f64),
                };
                let loaded = self.host.load(reference).await.map_err(|e| self.failed(&e))?;
                match loaded.dyn_into::<Uint8Array>() {
                    Ok(bytes) => bytes.to_vec(),
                    Err(pixels) => return picture(&pixels),
                }
            }
        };
        match media::decode(&bytes, &self.options) {
            // Of a kind that is not ours: the browser may know it.
            Err(MediaError::Unsupported(kind)) => match self.host.decode(Uint8Array::from(bytes.as_slice())).await {
                Ok(pixels) => picture(&pixels),
                Err(_) if self.signal.aborted() => Err(MediaError::Aborted),
                Err(_) => Err(MediaError::Unsupported(kind)),
            },
            other => other,
        }
    }

    fn failed(&self, error: &JsValue) -> MediaError {
        if self.signal.aborted() {
            return MediaError::Aborted;
        }
        let message = Reflect::get(error, &"message".into()).ok().and_then(|m| m.as_string());
        MediaError::Unavailable(message.unwrap_or_else(|| "the browser gave no reason".to_owned()).into())
    }
}

impl PictureSource for PagePictures<'_> {
    fn open<'a>(&'a self, image: &'a ImageRef) -> LocalBoxFuture<'a, Result<Picture, MediaError>> {
        Box::pin(self.read(image))
    }
}

/// `{ width, height, data }`, four bytes a pixel.
fn picture(pixels: &JsValue) -> Result<Picture, MediaError> {
    let field = |name: &str| Reflect::get(pixels, &name.into()).map_err(|_| MediaError::SizeMismatch);
    let side = |name: &str| field(name).and_then(|v| v.as_f64().map(|n| n as usize).ok_or(MediaError::SizeMismatch));
    let data: Uint8ClampedArray = field("data")?.dyn_into().map_err(|_| MediaError::SizeMismatch)?;
    Picture::from_rgba(side("width")?, side("height")?, &data.to_vec())
}

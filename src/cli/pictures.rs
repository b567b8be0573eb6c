//! The pictures that a request on the command line names: files beside it, and `data:` URLs.

use std::path::{Path, PathBuf};

use crate::api::ImageRef;
use crate::engine::PictureSource;
use crate::media::{self, DecodeOptions, MediaError, Picture};
use crate::weights::LocalBoxFuture;

/// Larger than any picture that a page would show.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// Files, relative to a folder.
pub struct FilePictures {
    folder: PathBuf,
    options: DecodeOptions,
}

impl FilePictures {
    /// Relative to the folder of the request's file, or to the current one where the request is standard input.
    pub fn beside(request: &Path, options: DecodeOptions) -> Self {
        Self { folder: request.parent().unwrap_or(Path::new("")).to_owned(), options }
    }

    fn read(&self, image: &ImageRef) -> Result<Picture, MediaError> {
        let bytes = match image {
            ImageRef::Url(url) if url.starts_with("data:") => media::decode_data_url(url)?,
            ImageRef::Url(url) if url.starts_with("http://") || url.starts_with("https://") => {
                return Err(MediaError::Unavailable(format!(
                    "{url} is not on this machine; download it and give its path"
                )));
            }
            ImageRef::Url(path) => self.file(path.strip_prefix("file://").unwrap_or(path))?,
            ImageRef::Attachment(_) => {
                return Err(MediaError::Unavailable("attachments exist within a page only; give a path".into()));
            }
        };
        media::decode(&bytes, &self.options)
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, MediaError> {
        let path = self.folder.join(path);
        let unavailable = |why: String| MediaError::Unavailable(format!("{}: {why}", path.display()));
        let length = std::fs::metadata(&path).map_err(|e| unavailable(e.to_string()))?.len();
        if length > MAX_FILE_BYTES {
            return Err(unavailable(format!("it has {length} bytes; at most {MAX_FILE_BYTES} are read")));
        }
        std::fs::read(&path).map_err(|e| unavailable(e.to_string()))
    }
}

impl PictureSource for FilePictures {
    fn open<'a>(&'a self, image: &'a ImageRef) -> LocalBoxFuture<'a, Result<Picture, MediaError>> {
        Box::pin(std::future::ready(self.read(image)))
    }
}

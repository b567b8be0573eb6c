//! The pictures that a request on the command line names: files beside it, and `data:` URLs.

use std::fs::File;
use std::io::Read;
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
    /// Relative to a folder.
    pub fn within(folder: PathBuf, options: DecodeOptions) -> Self {
        Self { folder, options }
    }

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
        let failed = |e: std::io::Error| unavailable(e.to_string());
        // Asked before it is opened: opening a pipe waits for whoever writes into it.
        if !std::fs::metadata(&path).map_err(failed)?.is_file() {
            return Err(unavailable("it is no regular file".to_owned()));
        }
        let mut bytes = Vec::new();
        File::open(&path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)).map_err(failed)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(unavailable(format!("it has more than the {MAX_FILE_BYTES} bytes that are read")));
        }
        Ok(bytes)
    }
}

impl PictureSource for FilePictures {
    fn open<'a>(&'a self, image: &'a ImageRef) -> LocalBoxFuture<'a, Result<Picture, MediaError>> {
        Box::pin(std::future::ready(self.read(image)))
    }
}

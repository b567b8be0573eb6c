//! The pictures that a request on the command line names: files beside it, `data:` URLs, and those of the network.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::model::url;
use crate::api::ImageRef;
use crate::engine::PictureSource;
use crate::media::{self, DecodeOptions, MediaError, Picture};
use crate::weights::{LocalBoxFuture, fetch};

/// Larger than any picture that a page would show.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// Files, relative to a folder or to a URL.
pub struct FilePictures {
    folder: PathBuf,
    options: DecodeOptions,
}

impl FilePictures {
    /// Relative to a folder, or to a URL.
    pub fn within(folder: PathBuf, options: DecodeOptions) -> Self {
        Self { folder, options }
    }

    /// Relative to the folder of the request's file, or to the current one where the request is standard input.
    pub fn beside(request: &Path, options: DecodeOptions) -> Self {
        Self { folder: request.parent().unwrap_or(Path::new("")).to_owned(), options }
    }

    async fn read(&self, image: &ImageRef) -> Result<Picture, MediaError> {
        let bytes = match image {
            ImageRef::Url(url) if url.starts_with("data:") => media::decode_data_url(url)?,
            ImageRef::Url(path) => {
                let beside = url(&self.folder).map(|base| format!("{}/{path}", base.trim_end_matches('/')));
                match url(Path::new(path)).or(beside.as_deref()) {
                    Some(url) => fetch(url, MAX_FILE_BYTES).await.map_err(|e| MediaError::Unavailable(e.into()))?,
                    None => file(&self.folder.join(path.strip_prefix("file://").unwrap_or(path)))?,
                }
            }
            ImageRef::Attachment(_) => {
                return Err(MediaError::Unavailable("attachments exist within a page only; give a path".into()));
            }
        };
        media::decode(&bytes, &self.options)
    }
}

fn file(path: &Path) -> Result<Vec<u8>, MediaError> {
    let unavailable = |why: String| MediaError::Unavailable(format!("{}: {why}", path.display()).into());
    let failed = |e: std::io::Error| unavailable(e.to_string());
    // Asked before it is opened: opening a pipe waits for whoever writes into it.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(unavailable("it is no regular file".to_owned()));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(unavailable(format!("it has more than the {MAX_FILE_BYTES} bytes that are read")));
    }
    Ok(bytes)
}

impl PictureSource for FilePictures {
    fn open<'a>(&'a self, image: &'a ImageRef) -> LocalBoxFuture<'a, Result<Picture, MediaError>> {
        Box::pin(self.read(image))
    }
}

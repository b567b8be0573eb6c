//! Pictures that a request on the command line names: local files, `data:` URLs and `http(s):` URLs.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::model::url;
use crate::api::ImageRef;
use crate::bytes::{LocalBoxFuture, fetch};
use crate::engine::PictureSource;
use crate::media::{self, DecodeOptions, MediaError, Picture};

/// Far above any real picture: a limit on the memory that a wrong path or URL can take.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// Picture files, resolved against a base folder or base URL.
pub struct FilePictures {
    base: PathBuf,
    options: DecodeOptions,
}

impl FilePictures {
    /// Paths are relative to `base`, a folder or a URL.
    pub fn within(base: PathBuf, options: DecodeOptions) -> Self {
        Self { base, options }
    }

    /// Paths are relative to the folder of the request's file; for standard input (`-`), to the current folder.
    pub fn beside(request: &Path, options: DecodeOptions) -> Self {
        Self { base: request.parent().unwrap_or(Path::new("")).to_owned(), options }
    }

    async fn read(&self, image: &ImageRef) -> Result<Picture, MediaError> {
        let bytes = match image {
            ImageRef::Url(url) if url.starts_with("data:") => media::decode_data_url(url)?,
            ImageRef::Url(path) => self.fetch_or_read(path).await?,
            ImageRef::Attachment(_) => {
                return Err(MediaError::Unavailable("attachments exist within a page only; give a path".into()));
            }
        };
        media::decode(&bytes, &self.options)
    }

    async fn fetch_or_read(&self, path: &str) -> Result<Vec<u8>, MediaError> {
        let relative = url(&self.base).map(|base| format!("{}/{path}", base.trim_end_matches('/')));
        match url(Path::new(path)).or(relative.as_deref()) {
            Some(url) => fetch(url, MAX_FILE_BYTES).await.map_err(|e| MediaError::Unavailable(e.into())),
            None => read_file(&self.base.join(path.strip_prefix("file://").unwrap_or(path))),
        }
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, MediaError> {
    let unavailable = |why: String| MediaError::Unavailable(format!("{}: {why}", path.display()).into());
    let failed = |e: io::Error| unavailable(e.to_string());
    // Checked before opening: opening a named pipe blocks until something writes to it.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(unavailable("not a regular file".to_owned()));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(unavailable(format!("larger than {MAX_FILE_BYTES} bytes, the most that is read")));
    }
    Ok(bytes)
}

impl PictureSource for FilePictures {
    fn open<'a>(&'a self, image: &'a ImageRef) -> LocalBoxFuture<'a, Result<Picture, MediaError>> {
        Box::pin(self.read(image))
    }
}

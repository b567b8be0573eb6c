//! The SHA-256 of a whole file, in the notation of Subresource Integrity: `sha256-` and base64.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

use crate::bytes::http::Clock;
use crate::bytes::{Source, SourceError};

const PREFIX: &str = "sha256-";

/// Bytes that are hashed between yields to the event loop: some hundredths of a second.
const CHUNK_BYTES: u64 = 4 << 20;

/// The SHA-256 of a file.
///
/// ```
/// use secondpass::download::Integrity;
///
/// let empty = Integrity::parse("sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
/// assert!(empty.is_some());
/// assert_eq!(Integrity::parse("sha256-"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Integrity([u8; 32]);

impl Integrity {
    /// Reads `sha256-…`; `None` if it is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let encoded = text.trim().strip_prefix(PREFIX)?.replace('-', "+").replace('_', "/");
        STANDARD_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?.try_into().ok().map(Self)
    }
}

impl std::fmt::Display for Integrity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD.encode(self.0))
    }
}

/// Computes it from consecutive bytes.
#[derive(Default)]
pub struct IntegrityHasher(Sha256);

impl IntegrityHasher {
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub fn finish(self) -> Integrity {
        Integrity(self.0.finalize().into())
    }
}

/// Compares a file that was not downloaded, such as a picked one, with its hash. `report` receives the bytes done.
pub async fn check_source(
    source: &dyn Source,
    want: Integrity,
    clock: &dyn Clock,
    report: &dyn Fn(u64),
) -> Result<(), SourceError> {
    let (mut hasher, mut done) = (IntegrityHasher::default(), 0);
    while done < source.len() {
        let len = (source.len() - done).min(CHUNK_BYTES);
        hasher.update(&source.read(done, len as usize).await?);
        done += len;
        report(done);
        clock.sleep(0.0).await;
    }
    let got = hasher.finish();
    if got == want {
        return Ok(());
    }
    Err(SourceError::Integrity { file: source.name().to_owned(), want: want.to_string(), got: got.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsing_accepts_what_display_writes_and_nothing_else() {
        let empty = IntegrityHasher::default().finish();
        assert_eq!(empty.to_string(), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(Integrity::parse(&empty.to_string()), Some(empty));
        assert_eq!(Integrity::parse("sha256-47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"), Some(empty));
        for wrong in ["", "sha256-", "sha384-abc", "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSu", "sha256-é"] {
            assert_eq!(Integrity::parse(wrong), None, "{wrong}");
        }
    }
}

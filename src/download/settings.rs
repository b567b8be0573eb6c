//! Sizes, limits and timeouts of downloads.

use serde::Deserialize;

use super::journal::{MAX_PIECE_BYTES, MIN_PIECE_BYTES};
use crate::bytes::http::RetryPolicy;

/// The defaults are for the web; tests use smaller numbers.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DownloadSettings {
    /// Bytes of a piece, the unit of storing, checking and fetching again. Small enough that an interruption costs
    /// little, large enough that a file of gigabytes has some hundred.
    pub piece_bytes: u32,
    /// Concurrent requests: one seldom uses the whole bandwidth, many are rude to the host.
    pub requests: usize,
    /// Pieces of one request. Hosts that redirect every request make small ones slow.
    pub run_pieces: u32,
    /// A transfer that brings nothing for so long is ended and tried again.
    pub stall_ms: f64,
    /// How failed requests are retried.
    #[serde(flatten)]
    pub retry: RetryPolicy,
}

impl Default for DownloadSettings {
    fn default() -> Self {
        Self { piece_bytes: 4 << 20, requests: 4, run_pieces: 8, stall_ms: 20_000.0, retry: RetryPolicy::default() }
    }
}

impl DownloadSettings {
    /// Clamped to what makes sense: the numbers come from a page.
    ///
    /// ```
    /// use secondpass::download::DownloadSettings;
    ///
    /// let settings = DownloadSettings { requests: 1000, ..DownloadSettings::default() };
    /// assert_eq!(settings.checked().requests, 16);
    /// ```
    pub fn checked(self) -> Self {
        Self {
            piece_bytes: self.piece_bytes.clamp(MIN_PIECE_BYTES, MAX_PIECE_BYTES),
            requests: self.requests.clamp(1, 16),
            run_pieces: self.run_pieces.max(1),
            retry: self.retry.checked(),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gives_sizes_and_retries_in_one_object() {
        let settings = serde_json::from_str::<DownloadSettings>(r#"{"pieceBytes": 4096, "retryMs": 5, "tries": 2}"#);
        let retry = RetryPolicy { retry_ms: 5.0, tries: 2, ..RetryPolicy::default() };
        let want = DownloadSettings { piece_bytes: 4096, retry, ..DownloadSettings::default() };
        assert_eq!(settings.expect("valid"), want);
    }
}

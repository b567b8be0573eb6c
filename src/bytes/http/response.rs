//! What the answer to a request for a byte range means.

use crate::bytes::SourceError;

/// Statuses besides 5xx that pass: request timeout, too early, too many requests.
const BUSY: [u16; 3] = [408, 425, 429];

/// The range that asks for a whole file: browsers then ask for it uncompressed, as long as it says it is.
pub(crate) const EVERYTHING: (u64, u64) = (0, u64::MAX);

/// The status and the headers of a response, as far as they are used.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResponseHead {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Length`, where the body is not encoded.
    pub length: Option<u64>,
    /// `Content-Range`, as it came.
    pub range: Option<String>,
    /// Whether the body is compressed in transit, so that its length says nothing.
    pub encoded: bool,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub modified: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<f64>,
}

impl ResponseHead {
    /// From the headers, which `header` gives by their names in lower case. Of a `Retry-After` only seconds are read.
    pub fn from_headers(status: u16, header: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            status,
            length: header("content-length").and_then(|v| v.parse().ok()),
            range: header("content-range"),
            encoded: header("content-encoding").is_some_and(|v| !v.eq_ignore_ascii_case("identity")),
            etag: header("etag"),
            modified: header("last-modified"),
            content_type: header("content-type"),
            retry_after: header("retry-after").and_then(|v| v.trim().parse().ok()).filter(|s: &f64| *s >= 0.0),
        }
    }

    /// The length of the body, where the header tells it.
    pub fn body_length(&self) -> Option<u64> {
        self.length.filter(|_| !self.encoded)
    }
}

/// Why a request failed, by whether it is worth another try.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RequestFault {
    /// It may pass, perhaps after the wait that the host asked for, in seconds.
    Transient { cause: TransientCause, retry_after: Option<f64> },
    /// The host answered wrongly, which it seldom does by accident.
    Malformed(String),
    /// Another try would fail as well.
    Fatal(SourceError),
}

/// What passes.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum TransientCause {
    /// The host is busy.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// The connection was not made, or broke, or stalled.
    #[error("{0}")]
    Connection(String),
}

impl RequestFault {
    /// A connection that was not made, or broke, or stalled.
    pub fn connection(detail: impl Into<String>) -> Self {
        Self::Transient { cause: TransientCause::Connection(detail.into()), retry_after: None }
    }

    /// An answer that will not become a better one.
    pub fn bad_response(file: &str, detail: impl Into<String>) -> Self {
        Self::Fatal(SourceError::bad_response(file, detail))
    }
}

/// What the first response about a file tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProbeOutcome {
    /// The host serves ranges, and the file has this length.
    Ranged(u64),
    /// The host sends the file from its start; the length, if it is announced.
    Whole(Option<u64>),
    /// The host serves ranges, but this page may not read how long the file is.
    LengthHidden,
    /// There is no such file.
    Absent,
}

/// The version of a file that is being read: responses about another one must not be mixed with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileVersion<'a> {
    pub len: u64,
    pub etag: Option<&'a str>,
    pub modified: Option<&'a str>,
}

impl FileVersion<'_> {
    /// Whether a response with this length and these validators is about another version. A host may send no
    /// validators, and a browser may hide them; then there is only the length.
    pub fn is_contradicted_by(&self, len: Option<u64>, head: &ResponseHead) -> bool {
        let differ = |a: Option<&str>, b: &Option<String>| Some(opaque_tag(a?) != opaque_tag(b.as_deref()?));
        len.is_some_and(|len| len != self.len)
            || differ(self.etag, &head.etag).or_else(|| differ(self.modified, &head.modified)).unwrap_or(false)
    }
}

/// An entity tag without the mark of a weak one: hosts mark the same file when they compress it.
fn opaque_tag(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// Interprets the response to a request for bytes `from..=to` of a file of which nothing is known.
pub(crate) fn probe(file: &str, head: &ResponseHead, from: u64, to: u64) -> Result<ProbeOutcome, RequestFault> {
    match head.status {
        206 => {
            let Some(range) = head.range.as_deref() else {
                return without_content_range(file, head, to);
            };
            match parse_content_range(range) {
                Some((first, last, Some(len))) if first == from && last <= to => {
                    refuse_html_type(file, head)?;
                    Ok(ProbeOutcome::Ranged(len))
                }
                Some((_, _, None)) => {
                    Err(RequestFault::bad_response(file, "the server does not say how long the file is"))
                }
                _ => Err(RequestFault::Malformed(other_range(range))),
            }
        }
        200 => {
            refuse_html_type(file, head)?;
            Ok(ProbeOutcome::Whole(head.body_length()))
        }
        404 | 410 => Ok(ProbeOutcome::Absent),
        // An empty file has no first byte.
        416 if from == 0 => Ok(ProbeOutcome::Ranged(0)),
        _ => Err(status_fault(file, head)),
    }
}

/// A host that does not expose `Content-Range` to other origins. `Content-Length` is always readable, and where the
/// range is the whole file it is the file's.
fn without_content_range(file: &str, head: &ResponseHead, to: u64) -> Result<ProbeOutcome, RequestFault> {
    refuse_html_type(file, head)?;
    match head.body_length() {
        _ if to != u64::MAX => Ok(ProbeOutcome::LengthHidden),
        Some(len) => Ok(ProbeOutcome::Ranged(len)),
        None => {
            let detail = "the server answered a range request without saying how long the file is; it must send (and expose to other origins) Content-Range";
            Err(RequestFault::bad_response(file, detail))
        }
    }
}

/// The offset after the last byte that a partial response brings, if its `Content-Range` tells.
pub(crate) fn range_end(head: &ResponseHead) -> Option<u64> {
    parse_content_range(head.range.as_deref().filter(|_| head.status == 206)?)
        .map(|(_, last, _)| last.saturating_add(1))
}

/// Whether a host may answer otherwise in a while.
pub(crate) fn is_busy(status: u16) -> bool {
    BUSY.contains(&status) || status >= 500
}

/// Checks the response to a request for bytes `from..=to` of a known file. `Ok(false)`: the file was replaced.
pub(crate) fn check_range(
    file: &str,
    version: FileVersion<'_>,
    head: &ResponseHead,
    from: u64,
    to: u64,
) -> Result<bool, RequestFault> {
    match head.status {
        206 => {
            let range = head.range.as_deref();
            let parsed = range
                .map(|r| parse_content_range(r).ok_or_else(|| RequestFault::Malformed(other_range(r))))
                .transpose()?;
            if version.is_contradicted_by(parsed.and_then(|(_, _, len)| len), head) {
                return Ok(false);
            }
            // Less than was asked for may come; the rest is requested next.
            if parsed.is_some_and(|(first, last, _)| first != from || last > to) {
                return Err(RequestFault::Malformed(other_range(range.unwrap_or_default())));
            }
            let len = parsed.map_or(to, |(_, last, _)| last) - from + 1;
            match head.length {
                Some(length) if length != len => {
                    let detail = format!("the server announced {length} bytes where {len} were asked for");
                    Err(RequestFault::Malformed(detail))
                }
                _ => Ok(true),
            }
        }
        200 => {
            refuse_html_type(file, head)?;
            if version.is_contradicted_by(head.body_length(), head) {
                return Ok(false);
            }
            Err(RequestFault::Malformed("the server answered a range request with status 200".to_owned()))
        }
        // The file is shorter than it was, or gone.
        416 => Ok(false),
        404 | 410 => Err(RequestFault::Fatal(SourceError::NotFound { file: file.to_owned() })),
        _ => Err(status_fault(file, head)),
    }
}

fn status_fault(file: &str, head: &ResponseHead) -> RequestFault {
    let cause = TransientCause::Status(head.status);
    match head.status {
        status if is_busy(status) => RequestFault::Transient { cause, retry_after: head.retry_after },
        401 | 403 => {
            let detail = format!("{cause}: it does not give the file to this page without permission");
            RequestFault::bad_response(file, detail)
        }
        _ => RequestFault::bad_response(file, cause.to_string()),
    }
}

/// A server that answers every path with its start page is the commonest mistake in an address.
fn refuse_html_type(file: &str, head: &ResponseHead) -> Result<(), RequestFault> {
    match &head.content_type {
        Some(content_type) if content_type.trim_start().to_ascii_lowercase().starts_with("text/html") => {
            Err(RequestFault::bad_response(file, "the server sent an HTML page; check the model's address"))
        }
        _ => Ok(()),
    }
}

fn other_range(range: &str) -> String {
    format!("the server sent another range than was asked for ({range})")
}

/// `bytes FIRST-LAST/LENGTH`, where the length may be `*`.
fn parse_content_range(range: &str) -> Option<(u64, u64, Option<u64>)> {
    let (span, len) = range.trim().strip_prefix("bytes")?.trim().split_once('/')?;
    let (first, last) = span.split_once('-')?;
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    let len: Option<u64> = if len.trim() == "*" { None } else { Some(len.trim().parse().ok()?) };
    (first <= last && len.is_none_or(|len| last < len)).then_some((first, last, len))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, range: Option<&str>) -> ResponseHead {
        ResponseHead { status, range: range.map(str::to_owned), ..ResponseHead::default() }
    }

    #[test]
    fn content_ranges_are_parsed() {
        assert_eq!(parse_content_range("bytes 0-9/100"), Some((0, 9, Some(100))));
        assert_eq!(parse_content_range("bytes 5-5/*"), Some((5, 5, None)));
        for wrong in ["", "bytes */100", "bytes 9-0/100", "bytes 0-100/100", "items 0-1/2", "bytes 0-/9"] {
            assert_eq!(parse_content_range(wrong), None, "{wrong}");
        }
        assert_eq!(range_end(&head(206, Some("bytes 0-18446744073709551615/*"))), Some(u64::MAX));
    }

    #[test]
    fn the_first_response_is_interpreted() {
        use ProbeOutcome::{Absent, LengthHidden, Ranged};
        assert_eq!(probe("f", &head(206, Some("bytes 0-9/100")), 0, 9), Ok(Ranged(100)));
        assert_eq!(probe("f", &head(206, Some("bytes 0-4/5")), 0, 9), Ok(Ranged(5)));
        assert!(matches!(probe("f", &head(206, Some("bytes 1-9/100")), 0, 9), Err(RequestFault::Malformed(_))));
        assert_eq!(probe("f", &head(206, None), 0, 9), Ok(LengthHidden));
        let everything = ResponseHead { length: Some(100), ..head(206, None) };
        assert_eq!(probe("f", &everything, 0, u64::MAX), Ok(Ranged(100)));
        assert!(matches!(probe("f", &head(206, None), 0, u64::MAX), Err(RequestFault::Fatal(_))));
        assert_eq!(probe("f", &head(404, None), 0, 9), Ok(Absent));
        assert_eq!(probe("f", &head(416, None), 0, 9), Ok(Ranged(0)));
        assert!(matches!(probe("f", &head(503, None), 0, 9), Err(RequestFault::Transient { .. })));
        assert!(matches!(probe("f", &head(403, None), 0, 9), Err(RequestFault::Fatal(_))));
        let page = ResponseHead { content_type: Some("Text/HTML; charset=utf-8".into()), ..head(200, None) };
        assert!(matches!(probe("f", &page, 0, 9), Err(RequestFault::Fatal(_))));
    }

    #[test]
    fn a_weak_entity_tag_is_that_of_the_same_file() {
        let tagged = |etag: &str| ResponseHead { etag: Some(etag.to_owned()), ..ResponseHead::default() };
        let version = FileVersion { len: 1, etag: Some("\"1 #2\""), modified: None };
        assert!(!version.is_contradicted_by(None, &tagged("W/\"1 #2\"")));
        assert!(version.is_contradicted_by(None, &tagged("W/\"1 #3\"")));
    }
}

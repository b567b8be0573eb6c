//! What an answer means.

use super::journal::Identity;
use super::ports::{Head, Lost};
use crate::bytes::WeightsError;

/// Statuses that a host gives when it is busy: 408, 425, 429 and these pass.
const BUSY: [u16; 3] = [408, 425, 429];

/// Something that went wrong with a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// It may go better next time, perhaps after the wait that the host asked for, in seconds.
    Passing(String, Option<f64>),
    /// The host answers wrongly, which it may have done by accident.
    Wrong(String),
    /// It will not go better.
    Final(WeightsError),
}

/// What a host has to say to the first request for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum First {
    /// It does ranges, and the file has this length.
    Ranged(u64),
    /// It sends the file from its start, as long as this if it says so.
    Whole(Option<u64>),
    /// It does ranges, and how long the file is may not be read from the answer to one.
    Unmeasured,
    /// It has none.
    Absent,
}

/// Reads the answer to a request for bytes `from..=to` of a file of which nothing is known.
pub fn first(file: &str, head: &Head, from: u64, to: u64) -> Result<First, Fault> {
    match head.status {
        206 => {
            let Some(range) = head.range.as_deref() else {
                return unmeasured(file, head, to);
            };
            match parts(range) {
                Some((first, last, Some(len))) if first == from && last <= to => {
                    html(file, head)?;
                    Ok(First::Ranged(len))
                }
                Some((_, _, None)) => Err(Fault::Final(wrong(file, "the server does not say how long the file is"))),
                _ => Err(Fault::Wrong(other_range(range))),
            }
        }
        200 => {
            html(file, head)?;
            Ok(First::Whole(head.length.filter(|_| !head.encoded)))
        }
        404 | 410 => Ok(First::Absent),
        // An empty file has no first byte.
        416 if from == 0 => Ok(First::Ranged(0)),
        _ => Err(status(file, head)),
    }
}

/// A host that does not let other origins read `Content-Range`. Anybody may read `Content-Length`, and that of everything
/// is the file's.
fn unmeasured(file: &str, head: &Head, to: u64) -> Result<First, Fault> {
    html(file, head)?;
    match head.length.filter(|_| !head.encoded) {
        _ if to != u64::MAX => Ok(First::Unmeasured),
        Some(len) => Ok(First::Ranged(len)),
        None => {
            let detail = "the server answered a range request without saying how long the file is; it must send (and expose to other origins) Content-Range";
            Err(Fault::Final(wrong(file, detail)))
        }
    }
}

/// The byte after the last that an answer says it brings, if it is a range that says so.
pub fn end(head: &Head) -> Option<u64> {
    parts(head.range.as_deref().filter(|_| head.status == 206)?).map(|(_, last, _)| last + 1)
}

/// Whether a host would perhaps answer otherwise in a while.
pub fn busy(status: u16) -> bool {
    BUSY.contains(&status) || status >= 500
}

/// Checks the answer to a request for bytes `from..=to` of a known file. `Ok(false)`: it is another file by now.
pub fn range(file: &str, identity: &Identity, head: &Head, from: u64, to: u64) -> Result<bool, Fault> {
    match head.status {
        206 => {
            let range = head.range.as_deref();
            let told = range.map(|r| parts(r).ok_or_else(|| Fault::Wrong(other_range(r)))).transpose()?;
            if identity.contradicts(told.and_then(|(_, _, len)| len), head) {
                return Ok(false);
            }
            // Less than was asked for may come; the rest is asked for then.
            if told.is_some_and(|(first, last, _)| first != from || last > to) {
                return Err(Fault::Wrong(other_range(range.unwrap_or_default())));
            }
            let len = told.map_or(to, |(_, last, _)| last) - from + 1;
            match head.length {
                Some(length) if length != len => {
                    Err(Fault::Wrong(format!("the server announced {length} bytes where {len} were asked for")))
                }
                _ => Ok(true),
            }
        }
        200 => {
            html(file, head)?;
            if identity.contradicts(head.length.filter(|_| !head.encoded), head) {
                return Ok(false);
            }
            Err(Fault::Wrong("the server answered a range request with status 200".to_owned()))
        }
        // The file is shorter than it was, or gone.
        416 => Ok(false),
        404 | 410 => Err(Fault::Final(WeightsError::NotFound { file: file.to_owned() })),
        _ => Err(status(file, head)),
    }
}

/// What became of a connection.
pub fn lost(file: &str, lost: Lost) -> Fault {
    match lost {
        Lost::Network(detail) => Fault::Passing(detail, None),
        Lost::Refused => Fault::Final(WeightsError::Cors { file: file.to_owned() }),
        Lost::Unranged => Fault::Passing("nothing came of a request for a part of it".to_owned(), None),
        Lost::Aborted => Fault::Final(WeightsError::Aborted),
    }
}

fn status(file: &str, head: &Head) -> Fault {
    let said = format!("the server answered with status {}", head.status);
    match head.status {
        status if busy(status) => Fault::Passing(said, head.retry_after),
        401 | 403 => {
            Fault::Final(wrong(file, &format!("{said}: it does not give the file to this page without permission")))
        }
        _ => Fault::Final(wrong(file, &said)),
    }
}

/// A server that answers everything with its start page is the commonest mistake in an address.
fn html(file: &str, head: &Head) -> Result<(), Fault> {
    match &head.kind {
        Some(kind) if kind.trim_start().to_ascii_lowercase().starts_with("text/html") => {
            Err(Fault::Final(wrong(file, "the server sent an HTML page; check the model's address")))
        }
        _ => Ok(()),
    }
}

pub fn wrong(file: &str, detail: &str) -> WeightsError {
    WeightsError::BadResponse { file: file.to_owned(), detail: detail.to_owned() }
}

fn other_range(range: &str) -> String {
    format!("the server sent another range than was asked for ({range})")
}

/// `bytes FIRST-LAST/LENGTH`, where the length may be `*`.
fn parts(range: &str) -> Option<(u64, u64, Option<u64>)> {
    let (span, len) = range.trim().strip_prefix("bytes")?.trim().split_once('/')?;
    let (first, last) = span.split_once('-')?;
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    let len: Option<u64> = if len.trim() == "*" { None } else { Some(len.trim().parse().ok()?) };
    (first <= last && len.is_none_or(|len| last < len)).then_some((first, last, len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        assert_eq!(parts("bytes 0-9/100"), Some((0, 9, Some(100))));
        assert_eq!(parts("bytes 5-5/*"), Some((5, 5, None)));
        for wrong in ["", "bytes */100", "bytes 9-0/100", "bytes 0-100/100", "items 0-1/2", "bytes 0-/9"] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn answers_mean_what_they_should() {
        let head = |status, range: Option<&str>| Head { status, range: range.map(str::to_owned), ..Head::default() };
        assert_eq!(first("f", &head(206, Some("bytes 0-9/100")), 0, 9), Ok(First::Ranged(100)));
        assert_eq!(first("f", &head(206, Some("bytes 0-4/5")), 0, 9), Ok(First::Ranged(5)));
        assert!(matches!(first("f", &head(206, Some("bytes 1-9/100")), 0, 9), Err(Fault::Wrong(_))));
        assert_eq!(first("f", &head(206, None), 0, 9), Ok(First::Unmeasured));
        let everything = Head { length: Some(100), ..head(206, None) };
        assert_eq!(first("f", &everything, 0, u64::MAX), Ok(First::Ranged(100)));
        assert!(matches!(first("f", &head(206, None), 0, u64::MAX), Err(Fault::Final(_))));
        assert_eq!(first("f", &head(404, None), 0, 9), Ok(First::Absent));
        assert_eq!(first("f", &head(416, None), 0, 9), Ok(First::Ranged(0)));
        assert!(matches!(first("f", &head(503, None), 0, 9), Err(Fault::Passing(..))));
        assert!(matches!(first("f", &head(403, None), 0, 9), Err(Fault::Final(_))));
        let page = Head { kind: Some("Text/HTML; charset=utf-8".into()), ..head(200, None) };
        assert!(matches!(first("f", &page, 0, 9), Err(Fault::Final(_))));
    }
}

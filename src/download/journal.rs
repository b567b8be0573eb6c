//! The journal of a stored file: a line of JSON, then a line for each event. Lines are only ever appended, and each has
//! its own checksum, so that an interrupted write costs that line and nothing else.

use serde::{Deserialize, Serialize};

use super::integrity::Integrity;
use super::store::PieceLocation;
use crate::bytes::FileFault;
use crate::bytes::http::{FileVersion, ResponseHead};

/// The smallest piece, for tests: with smaller ones the journal would outgrow the file.
pub const MIN_PIECE_BYTES: u32 = 1 << 10;
/// The largest piece: several are held in memory while they arrive.
pub const MAX_PIECE_BYTES: u32 = 64 << 20;
/// The most pieces: a larger file is none that a page could load.
const MAX_PIECES: u64 = 1 << 20;

/// Which version of which file is stored, as the host described it when the download began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileIdentity {
    /// Where it came from.
    pub url: String,
    /// Bytes of it.
    pub len: u64,
    /// Bytes of each of its pieces but the last.
    pub piece: u32,
    /// Its `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    /// The host has no such file: remembered so that a model loads from storage without asking for its optional files.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub absent: bool,
    /// Fetched a second time, because a load failed over the content of the first. A third would bring the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

impl FileIdentity {
    /// Whether a journal may be allocated for it: hosts announce any length.
    pub fn is_storable(&self) -> bool {
        (MIN_PIECE_BYTES..=MAX_PIECE_BYTES).contains(&self.piece) && self.len.div_ceil(self.piece.into()) <= MAX_PIECES
    }

    /// How many pieces it has.
    pub fn pieces(&self) -> u32 {
        self.len.div_ceil(u64::from(self.piece)) as u32
    }

    /// Where a piece is.
    pub fn location(&self, index: u32) -> PieceLocation {
        PieceLocation { index, offset: u64::from(index) * u64::from(self.piece) }
    }

    /// Bytes of a piece.
    pub fn len_of(&self, index: u32) -> usize {
        let offset = self.location(index).offset;
        self.len.saturating_sub(offset).min(self.piece.into()) as usize
    }

    /// The piece that contains a byte.
    pub fn piece_at(&self, offset: u64) -> u32 {
        (offset / u64::from(self.piece)) as u32
    }

    /// The version that responses are compared with.
    pub(crate) fn version(&self) -> FileVersion<'_> {
        FileVersion { len: self.len, etag: self.etag.as_deref(), modified: self.modified.as_deref() }
    }

    /// Whether a response with this length and these validators is about another version.
    pub(crate) fn is_contradicted_by(&self, len: Option<u64>, head: &ResponseHead) -> bool {
        self.version().is_contradicted_by(len, head)
    }

    /// The validator for `If-Range`.
    pub fn validator(&self) -> Option<String> {
        self.etag.clone().or_else(|| self.modified.clone())
    }

    /// Whether a later response can be recognized as that of the same version.
    pub fn has_validator(&self) -> bool {
        self.etag.is_some() || self.modified.is_some()
    }
}

/// The content of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// The file.
    pub identity: FileIdentity,
    /// The checksum of each stored piece.
    pub pieces: Vec<Option<u32>>,
    /// The checksum that each lost piece had: its replacement must have the same.
    pub lost: Vec<Option<u32>>,
    /// The hash of the whole file, once it was computed.
    pub digest: Option<Integrity>,
    /// What the last load left for the next one to do.
    pub revalidation: Revalidation,
}

/// What the next load does before it uses a stored file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Revalidation {
    /// Nothing: the last load succeeded, or failed over something else.
    #[default]
    None,
    /// The host is asked whether it has another version by now.
    AskHost,
    /// The content made no sense, and may have arrived damaged: it is fetched again.
    Refetch,
}

impl Revalidation {
    /// After a load that failed with this fault of its files.
    pub fn after(fault: FileFault) -> Self {
        match fault {
            FileFault::Content => Self::Refetch,
            FileFault::Outdated => Self::AskHost,
        }
    }

    const WORDS: [(Self, &str); 3] = [(Self::None, "false"), (Self::AskHost, "true"), (Self::Refetch, "anew")];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(s, _)| *s == self).map_or("", |(_, word)| word)
    }

    fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, w)| *w == word).map(|(s, _)| *s)
    }
}

/// A line that is appended to a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalEvent {
    /// A piece was written.
    Piece(u32, u32),
    /// A piece is damaged.
    Lost(u32),
    /// The whole file has this hash.
    Whole(Integrity),
    /// What the next load has to do.
    Revalidate(Revalidation),
}

impl JournalEvent {
    /// The encoded line. It starts with a line break, as an interrupted write may have left a partial line before it.
    pub fn line(self) -> Vec<u8> {
        let text = match self {
            Self::Piece(index, check) => format!("piece {index} {check:08x}"),
            Self::Lost(index) => format!("lost {index}"),
            Self::Whole(digest) => format!("whole {digest}"),
            Self::Revalidate(revalidation) => format!("suspect {}", revalidation.word()),
        };
        with_checksum(&text)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let event = match (words.next()?, words.next()?) {
            ("piece", index) => Self::Piece(index.parse().ok()?, u32::from_str_radix(words.next()?, 16).ok()?),
            ("lost", index) => Self::Lost(index.parse().ok()?),
            ("whole", digest) => Self::Whole(Integrity::parse(digest)?),
            ("suspect", word) => Self::Revalidate(Revalidation::parse(word)?),
            _ => return None,
        };
        words.next().is_none().then_some(event)
    }
}

impl Journal {
    /// Of a file of which nothing is stored yet.
    pub fn new(identity: FileIdentity) -> Self {
        let (pieces, lost) = (vec![None; identity.pieces() as usize], vec![None; identity.pieces() as usize]);
        Self { identity, pieces, lost, digest: None, revalidation: Revalidation::None }
    }

    /// That the host has no such file.
    pub fn absent(url: &str) -> Self {
        let (url, piece) = (url.to_owned(), MIN_PIECE_BYTES);
        Self::new(FileIdentity { url, len: 0, piece, etag: None, modified: None, absent: true, again: false })
    }

    /// Its first line.
    pub fn first_line(&self) -> Vec<u8> {
        with_checksum(&serde_json::to_string(&self.identity).unwrap_or_default())
    }

    /// Decodes a journal. `None` if there is none, or its first line is damaged; other damaged lines are ignored.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut lines = bytes.split(|&b| b == b'\n').filter(|line| !line.is_empty());
        let identity: FileIdentity = serde_json::from_str(checked_text(lines.next()?)?).ok()?;
        if !identity.is_storable() {
            return None;
        }
        let mut journal = Self::new(identity);
        lines.filter_map(checked_text).filter_map(JournalEvent::parse).for_each(|event| journal.apply(event));
        Some(journal)
    }

    /// Applies an event.
    pub fn apply(&mut self, event: JournalEvent) {
        match event {
            JournalEvent::Piece(index, check) => {
                if let Some(piece) = self.pieces.get_mut(index as usize) {
                    *piece = Some(check);
                    self.lost[index as usize] = None;
                }
            }
            JournalEvent::Lost(index) => {
                if let Some(check) = self.pieces.get_mut(index as usize).and_then(Option::take) {
                    self.lost[index as usize] = Some(check);
                }
            }
            JournalEvent::Whole(digest) => self.digest = Some(digest),
            JournalEvent::Revalidate(revalidation) => self.revalidation = revalidation,
        }
    }

    /// Whether every piece is stored.
    pub fn complete(&self) -> bool {
        self.pieces.iter().all(Option::is_some)
    }

    /// Bytes of the stored pieces.
    pub fn stored_bytes(&self) -> u64 {
        (0..self.identity.pieces())
            .filter(|&i| self.pieces[i as usize].is_some())
            .map(|i| self.identity.len_of(i) as u64)
            .sum()
    }
}

/// The checksum of a piece or of a line: against accidents; against an adversary there is `integrity`.
pub fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

fn with_checksum(text: &str) -> Vec<u8> {
    format!("\n{text} #{:08x}\n", checksum(text.as_bytes())).into_bytes()
}

fn checked_text(line: &[u8]) -> Option<&str> {
    let (text, check) = std::str::from_utf8(line).ok()?.rsplit_once(" #")?;
    (check.len() == 8 && u32::from_str_radix(check, 16).ok()? == checksum(text.as_bytes())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> FileIdentity {
        let (url, etag) = ("https://host/model \"x\".gguf".to_owned(), Some("\"1 #2\"".to_owned()));
        FileIdentity { url, len: 10_000, piece: 4096, etag, modified: None, absent: false, again: false }
    }

    #[test]
    fn a_truncated_journal_holds_what_its_complete_lines_say() {
        let digest = super::super::integrity::IntegrityHasher::default().finish();
        let revalidations =
            [Revalidation::Refetch, Revalidation::None, Revalidation::AskHost].map(JournalEvent::Revalidate);
        let mut events = vec![
            JournalEvent::Piece(0, 7),
            JournalEvent::Piece(2, u32::MAX),
            JournalEvent::Whole(digest),
            JournalEvent::Lost(0),
        ];
        events.extend(revalidations);
        let mut bytes = Journal::new(identity()).first_line();
        let first = bytes.len();
        let (mut states, mut journal) = (vec![(first - 1, Journal::new(identity()))], Journal::new(identity()));
        for event in events {
            bytes.extend(event.line());
            journal.apply(event);
            states.push((bytes.len() - 1, journal.clone()));
        }
        for cut in 0..=bytes.len() {
            let want = states.iter().rev().find(|(end, _)| cut >= *end).map(|(_, state)| state.clone());
            assert_eq!(Journal::parse(&bytes[..cut]), want, "cut at {cut}");
            // What is written after a cut is read.
            let mut longer = bytes[..cut].to_vec();
            longer.extend(JournalEvent::Piece(1, 9).line());
            let want = want.map(|mut journal| {
                journal.apply(JournalEvent::Piece(1, 9));
                journal
            });
            assert_eq!(Journal::parse(&longer), want, "cut at {cut}, then a line");
        }
        assert_eq!((journal.stored_bytes(), journal.complete()), (10_000 - 8192, false));
    }

    #[test]
    fn damaged_lines_are_ignored() {
        let mut journal = Journal::new(identity());
        let mut bytes = journal.first_line();
        (0..3).for_each(|i| bytes.extend(JournalEvent::Piece(i, i).line()));
        (0..3).for_each(|i| journal.apply(JournalEvent::Piece(i, i)));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 4;
            let read = Journal::parse(&damaged);
            assert!(
                read.as_ref().is_none_or(|r| r.pieces.iter().zip(&journal.pieces).all(|(r, j)| r.is_none() || r == j)),
                "{at}"
            );
        }
        for foreign in [&b""[..], b"{}", b"\n\n", &[0xFF; 300]] {
            assert_eq!(Journal::parse(foreign), None);
        }
    }
}

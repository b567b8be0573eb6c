//! What is known of a stored file: a line of JSON, then a line for each event. Lines are only ever added, and each
//! carries its own checksum, so that a write that was cut short costs that line and nothing else.

use serde::{Deserialize, Serialize};

use super::integrity::Integrity;
use super::ports::{Head, Place};

/// Pieces smaller than this are for tests; smaller still, and the journal would outgrow the file.
pub const MIN_PIECE_BYTES: u32 = 1 << 10;
/// A piece is held in memory while it arrives, several at a time.
pub const MAX_PIECE_BYTES: u32 = 64 << 20;
/// A file of more pieces is none that a page could load.
const MAX_PIECES: u64 = 1 << 20;

/// What a file is, as the host said when its download began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
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
    /// The host has no such file: remembered so that a model of several files loads without asking again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub absent: bool,
    /// Fetched a second time, because a load failed over what had come first. A third would bring the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

/// A validator without the mark that hosts put before it when they send the same file in another way.
fn strong(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

impl Identity {
    fn sensible(&self) -> bool {
        (MIN_PIECE_BYTES..=MAX_PIECE_BYTES).contains(&self.piece) && self.len.div_ceil(self.piece.into()) <= MAX_PIECES
    }

    /// How many pieces it has.
    pub fn pieces(&self) -> u32 {
        self.len.div_ceil(u64::from(self.piece)) as u32
    }

    /// Where a piece is.
    pub fn place(&self, index: u32) -> Place {
        Place { index, offset: u64::from(index) * u64::from(self.piece) }
    }

    /// Bytes of a piece.
    pub fn len_of(&self, index: u32) -> usize {
        let offset = self.place(index).offset;
        self.len.saturating_sub(offset).min(self.piece.into()) as usize
    }

    /// The piece that holds a byte.
    pub fn piece_at(&self, offset: u64) -> u32 {
        (offset / u64::from(self.piece)) as u32
    }

    /// Whether an answer with this length and these validators is of another file. Hosts may keep a validator to
    /// themselves, or browsers may for them; then there is only the length.
    pub fn contradicts(&self, len: Option<u64>, head: &Head) -> bool {
        let differ = |a: &Option<String>, b: &Option<String>| Some(strong(a.as_ref()?) != strong(b.as_ref()?));
        len.is_some_and(|len| len != self.len)
            || differ(&self.etag, &head.etag).or_else(|| differ(&self.modified, &head.modified)).unwrap_or(false)
    }

    /// Whether a later answer can be told to be of the same file.
    pub fn verifiable(&self) -> bool {
        self.etag.is_some() || self.modified.is_some()
    }
}

/// What a journal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// The file.
    pub identity: Identity,
    /// The checksum of each piece that is there.
    pub pieces: Vec<Option<u32>>,
    /// The checksum that each lost piece had: what replaces it must have the same.
    pub lost: Vec<Option<u32>>,
    /// The hash of the whole file, once it was computed.
    pub digest: Option<Integrity>,
    /// What the last load thought of it.
    pub suspect: Suspicion,
}

/// What a load that failed leaves behind for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Suspicion {
    /// Nothing: it went well, or failed over something else.
    #[default]
    None,
    /// The host may have another file by now: it is asked before this one is used.
    Ask,
    /// What is in the file makes no sense: it may have come wrongly, and is fetched anew.
    Anew,
}

impl Suspicion {
    const WORDS: [(Self, &str); 3] = [(Self::None, "false"), (Self::Ask, "true"), (Self::Anew, "anew")];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(s, _)| *s == self).map_or("", |(_, word)| word)
    }

    fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, w)| *w == word).map(|(s, _)| *s)
    }
}

/// What is added to a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A piece was written.
    Piece(u32, u32),
    /// A piece turned out bad.
    Lost(u32),
    /// The whole file has this hash.
    Whole(Integrity),
    /// A load failed over what is in the file, or has since succeeded.
    Suspect(Suspicion),
}

impl Event {
    /// As a line. It begins a line of its own, whatever an interrupted write left before it.
    pub fn line(self) -> Vec<u8> {
        let text = match self {
            Self::Piece(index, check) => format!("piece {index} {check:08x}"),
            Self::Lost(index) => format!("lost {index}"),
            Self::Whole(digest) => format!("whole {digest}"),
            Self::Suspect(suspicion) => format!("suspect {}", suspicion.word()),
        };
        sealed(&text)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let event = match (words.next()?, words.next()?) {
            ("piece", index) => Self::Piece(index.parse().ok()?, u32::from_str_radix(words.next()?, 16).ok()?),
            ("lost", index) => Self::Lost(index.parse().ok()?),
            ("whole", digest) => Self::Whole(Integrity::parse(digest)?),
            ("suspect", word) => Self::Suspect(Suspicion::parse(word)?),
            _ => return None,
        };
        words.next().is_none().then_some(event)
    }
}

impl Journal {
    /// Of a file of which nothing is there yet.
    pub fn new(identity: Identity) -> Self {
        let (pieces, lost) = (vec![None; identity.pieces() as usize], vec![None; identity.pieces() as usize]);
        Self { identity, pieces, lost, digest: None, suspect: Suspicion::None }
    }

    /// Its first line.
    pub fn first_line(&self) -> Vec<u8> {
        sealed(&serde_json::to_string(&self.identity).unwrap_or_default())
    }

    /// Reads what was written. `None` if there is none, or its first line is damaged; other damaged lines are as if
    /// they had never been written.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut lines = bytes.split(|&b| b == b'\n').filter(|line| !line.is_empty());
        let identity: Identity = serde_json::from_str(opened(lines.next()?)?).ok()?;
        if !identity.sensible() {
            return None;
        }
        let mut journal = Self::new(identity);
        lines.filter_map(opened).filter_map(Event::parse).for_each(|event| journal.apply(event));
        Some(journal)
    }

    /// Takes an event into account.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Piece(index, check) => {
                if let Some(piece) = self.pieces.get_mut(index as usize) {
                    *piece = Some(check);
                    self.lost[index as usize] = None;
                }
            }
            Event::Lost(index) => {
                if let Some(check) = self.pieces.get_mut(index as usize).and_then(Option::take) {
                    self.lost[index as usize] = Some(check);
                }
            }
            Event::Whole(digest) => self.digest = Some(digest),
            Event::Suspect(suspicion) => self.suspect = suspicion,
        }
    }

    /// Whether every piece is there.
    pub fn complete(&self) -> bool {
        self.pieces.iter().all(Option::is_some)
    }

    /// Bytes of the pieces that are there.
    pub fn stored(&self) -> u64 {
        (0..self.identity.pieces())
            .filter(|&i| self.pieces[i as usize].is_some())
            .map(|i| self.identity.len_of(i) as u64)
            .sum()
    }
}

/// The checksum of a piece or of a line: against accidents, not against an adversary, for whom there is `integrity`.
pub fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

fn sealed(text: &str) -> Vec<u8> {
    format!("\n{text} #{:08x}\n", checksum(text.as_bytes())).into_bytes()
}

fn opened(line: &[u8]) -> Option<&str> {
    let (text, check) = std::str::from_utf8(line).ok()?.rsplit_once(" #")?;
    (check.len() == 8 && u32::from_str_radix(check, 16).ok()? == checksum(text.as_bytes())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        let (url, etag) = ("https://host/model \"x\".gguf".to_owned(), Some("\"1 #2\"".to_owned()));
        Identity { url, len: 10_000, piece: 4096, etag, modified: None, absent: false, again: false }
    }

    #[test]
    fn a_journal_cut_anywhere_says_what_its_whole_lines_say() {
        let digest = super::super::integrity::Hasher::default().finish();
        let suspect = [Suspicion::Anew, Suspicion::None, Suspicion::Ask].map(Event::Suspect);
        let mut events = vec![Event::Piece(0, 7), Event::Piece(2, u32::MAX), Event::Whole(digest), Event::Lost(0)];
        events.extend(suspect);
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
            longer.extend(Event::Piece(1, 9).line());
            let want = want.map(|mut journal| {
                journal.apply(Event::Piece(1, 9));
                journal
            });
            assert_eq!(Journal::parse(&longer), want, "cut at {cut}, then a line");
        }
        assert_eq!((journal.stored(), journal.complete()), (10_000 - 8192, false));
    }

    #[test]
    fn a_weak_validator_is_that_of_the_same_file() {
        let head = |etag: &str| Head { etag: Some(etag.to_owned()), ..Head::default() };
        assert!(!identity().contradicts(None, &head("W/\"1 #2\"")));
        assert!(identity().contradicts(None, &head("W/\"1 #3\"")));
    }

    #[test]
    fn damage_is_seen() {
        let mut journal = Journal::new(identity());
        let mut bytes = journal.first_line();
        (0..3).for_each(|i| bytes.extend(Event::Piece(i, i).line()));
        (0..3).for_each(|i| journal.apply(Event::Piece(i, i)));
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

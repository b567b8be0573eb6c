//! What a host answers, and what is stored of earlier answers.

use std::cell::RefCell;
use std::rc::Rc;

use pollster::block_on;
use secondpass::bytes::{MemorySource, Source, SourceError};
use secondpass::download::{
    DownloadContext, DownloadSettings, FileRequest, Integrity, OpenedFile, RequestSlots, Restarts, StoredSource, check,
    check_source, list, open, remove,
};

use super::scripted_host::{Answer, HastyClock, OneFile, ScriptedHost, StoredBytes};

/// Before each part of an input: options and journal, stored bytes, answers.
const MARK: &[u8] = b"\n====\n";
const URL: &str = "https://host/model.gguf";
const FILE: &str = "model.gguf";
const PIECE: u32 = 1 << 10;
/// The file that seeds are about.
const LENGTH: usize = 2500;
/// Of that file. Were it another, the seeds that ask for it would be refused.
const HASH: &str = "sha256-GXmr7ST3lbt7tYlis9Z1hhmGGhMjjy9rGrh/buJURiE=";

fn content() -> Vec<u8> {
    (0..LENGTH).map(|i| b"abcdefghijklmnopqrstuvwxyz .,:\n!"[i * i % 97 % 32]).collect()
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.join(MARK)
}

fn journal(events: &[String]) -> String {
    let first = format!(r#"{{"url":"{URL}","len":{LENGTH},"piece":{PIECE},"etag":"\"1\""}}"#);
    [&[first], events].concat().join("\n")
}

fn piece(index: usize) -> String {
    let bytes = &content()[index * PIECE as usize..LENGTH.min((index + 1) * PIECE as usize)];
    format!("piece {index} {:08x}", crc32fast::hash(bytes))
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    [head.as_bytes(), b"\n\n", body].concat()
}

fn range(first: usize, last: usize) -> Vec<u8> {
    let head =
        format!("206\ncontent-range: bytes {first}-{last}/{LENGTH}\ncontent-length: {}\netag: \"1\"", last - first + 1);
    answer(&head, &content()[first..=last])
}

pub fn journal_seeds() -> Vec<Vec<u8>> {
    let whole = journal(&[piece(0), piece(1), piece(2), format!("whole {HASH}"), "suspect false".to_owned()]);
    let lost = journal(&[piece(0), piece(1), "lost 1".to_owned(), piece(1), piece(2), "suspect true".to_owned()]);
    let again = journal(&[piece(0), piece(1), piece(2), "suspect anew".to_owned()]);
    [("i", whole), (" ", lost), ("r", again)]
        .map(|(options, journal)| joined(&[format!("{options}\n{journal}").as_bytes(), &content()]))
        .to_vec()
}

pub fn answer_seeds() -> Vec<Vec<u8>> {
    let (all, none) = (content(), &b""[..]);
    let half = format!("i\n{}", journal(&[piece(0)]));
    let ranged = [range(0, 1023), range(1024, 2499)];
    vec![
        joined(&[b"i", none, &ranged[0], &ranged[1]]),
        joined(&[half.as_bytes(), &all[..1024], &range(1024, 2499)]),
        joined(&[b" ", none, &answer("200\ncontent-length: 2500\nlast-modified: Thu, 01 Jan 1970 00:00:00 GMT", &all)]),
        joined(&[b" ", none, &answer("200\ncontent-encoding: gzip\ncontent-type: application/json", &all)]),
        joined(&[
            b"p",
            none,
            &answer("503\nretry-after: 5", none),
            &answer("206\ncontent-range: bytes 0-0/1", b"x"),
            &answer("200\ncontent-length: 1\nx-broken: 1", none),
            &answer("206\ncontent-range: bytes 0-0/1", b"x"),
        ]),
    ]
}

/// An input, taken apart.
struct Scene {
    options: String,
    /// Whether the stored journal says what hash the file has.
    claims_hash: bool,
    restarts: Restarts,
    stored: Rc<StoredBytes>,
    context: Rc<DownloadContext>,
}

impl Scene {
    fn set(bytes: &[u8]) -> Self {
        let mut parts = Vec::new();
        let mut rest = bytes;
        while let Some(at) = rest.windows(MARK.len()).position(|window| window == MARK) {
            parts.push(&rest[..at]);
            rest = &rest[at + MARK.len()..];
        }
        parts.push(rest);
        let first = String::from_utf8_lossy(parts[0]);
        let (options, lines) = first.split_once('\n').unwrap_or((&first, ""));
        let stored = Rc::new(StoredBytes::default());
        *stored.journal.borrow_mut() = with_checksums(lines);
        *stored.data.borrow_mut() = parts.get(1).copied().unwrap_or_default().to_vec();
        let answers = parts.iter().skip(2).map(|part| Answer::parse(part)).collect();
        let settings =
            DownloadSettings { piece_bytes: PIECE, run_pieces: 2, requests: 2, ..DownloadSettings::default() };
        let context = Rc::new(DownloadContext {
            store: Rc::new(OneFile(stored.clone())),
            fallback: Some(Rc::new(OneFile(Rc::default()))),
            transport: Rc::new(ScriptedHost(RefCell::new(answers))),
            clock: Rc::new(HastyClock::default()),
            settings: settings.checked(),
            slots: RequestSlots::new(settings.requests),
            report: Rc::new(|_| {}),
        });
        let mut restarts = Restarts::default();
        if !options.contains('m') {
            for got in ["one", "another"] {
                restarts.begin_again(&SourceError::Changed { file: FILE.to_owned(), got: Some(got.to_owned()) });
            }
        }
        let claims_hash = lines.contains("whole ");
        Self { options: options.to_owned(), claims_hash, restarts, stored, context }
    }

    fn has(&self, option: char) -> bool {
        self.options.contains(option)
    }

    fn request(&self) -> FileRequest<'_> {
        FileRequest {
            url: URL,
            file: FILE,
            integrity: self.has('i').then(|| Integrity::parse(HASH).expect("a hash")),
            revalidate: self.has('r'),
            probe_only: self.has('p'),
            restarts: &self.restarts,
        }
    }

    /// The whole file, read after the work on it has ended well.
    async fn whole(&self) -> Option<Vec<u8>> {
        let (file, transfer) = match open(&self.context, self.request()).await.ok()? {
            OpenedFile::Absent => return None,
            OpenedFile::Complete(file) => (file, None),
            OpenedFile::Partial(file, transfer) => (file, Some(transfer)),
        };
        file.work(transfer).await;
        file.finished().await.ok()?;
        let source = StoredSource(file);
        // Whoever reads a file reads what its header declares, and never a whole file of gigabytes.
        let len = source.len().min(1 << 22) as usize;
        source.read(0, len).await.ok()
    }
}

/// Lines as a journal has them, with checksums that are right: what a mutation made of a line is to be read.
fn with_checksums(lines: &str) -> Vec<u8> {
    let line = |line: &str| format!("\n{line} #{:08x}\n", crc32fast::hash(line.as_bytes()));
    lines.lines().map(line).collect::<String>().into_bytes()
}

/// A load of which the host answers what the input says. What has a hash is right, or an error is returned.
pub fn load(bytes: &[u8]) -> bool {
    let scene = Scene::set(bytes);
    let whole = block_on(scene.whole());
    if let (Some(bytes), Some(want)) = (&whole, scene.request().integrity) {
        let source = MemorySource::new("model.gguf", bytes.clone());
        let checked = block_on(check_source(&source, want, &HastyClock::default(), &|_| {}));
        // A hash in the journal is believed: whoever can write storage can write anything.
        assert!(checked.is_ok() || scene.claims_hash, "another file than was asked for");
    }
    for file in block_on(list(&*scene.context.store)).expect("a list") {
        assert!(file.stored <= file.bytes && (file.stored == file.bytes) == file.complete, "{file:?}");
    }
    whole.is_some()
}

/// What is done with stored files without any host.
pub fn stored(bytes: &[u8]) -> bool {
    let scene = Scene::set(bytes);
    let store = &*scene.context.store;
    let listed = block_on(list(store)).expect("a list");
    for file in block_on(check(store, "https://host")).expect("a check") {
        assert!(
            file.bad <= file.bytes && file.ok == (file.bad == 0) && file.ok == file.integrity.is_some(),
            "{file:?}"
        );
    }
    let whole = block_on(scene.whole());
    let removed = block_on(remove(store, None)).expect("a removal");
    assert!(removed <= 1 && scene.stored.journal.borrow().is_empty());
    !listed.is_empty() || whole.is_some()
}

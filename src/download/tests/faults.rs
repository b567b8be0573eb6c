//! Tests of downloads over faulty networks and disks, which a seed makes fail.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::super::integrity::IntegrityHasher;
use super::super::journal::Journal;
use super::super::store::storage_key;
use super::super::*;
use super::sim::*;
use crate::bytes::http::Clock;
use crate::bytes::{LocalBoxFuture, Source, SourceError};
use futures_util::future::try_join_all;

pub(super) const URL: &str = "https://host/model.gguf";
pub(super) const PIECE: u32 = 1 << 10;

pub(super) struct Sim {
    pub time: Rc<Time>,
    pub rng: Rc<Rng>,
    pub host: Rc<Host>,
    pub disk: Rc<Disk>,
    pub memory: Rc<Disk>,
    pub steps: Rc<RefCell<Vec<DownloadProgress>>>,
}

fn bytes(rng: &Rng, len: usize) -> Vec<u8> {
    (0..len).map(|_| rng.next() as u8).collect()
}

impl Sim {
    pub fn new(seed: u64, len: usize) -> Self {
        let (time, rng) = (Rc::new(Time::default()), Rc::new(Rng::new(seed)));
        let host = Host {
            content: RefCell::new(bytes(&rng, len)),
            version: Cell::new(1),
            faults: RefCell::default(),
            requests: Cell::new(0),
            served: Cell::new(0),
            next_content: RefCell::default(),
            open: Cell::default(),
            most_open: Cell::default(),
            time: time.clone(),
            rng: rng.clone(),
        };
        Self { time, rng, host: Rc::new(host), disk: Rc::default(), memory: Rc::default(), steps: Rc::default() }
    }

    pub fn context(&self) -> Rc<DownloadContext> {
        let steps = self.steps.clone();
        let settings = DownloadSettings {
            piece_bytes: PIECE,
            run_pieces: 3,
            requests: 3,
            stall_ms: 2000.0,
            ..DownloadSettings::default()
        };
        Rc::new(DownloadContext {
            store: Rc::new(SimStore(self.disk.clone(), self.time.clone())),
            fallback: Some(Rc::new(SimStore(self.memory.clone(), self.time.clone()))),
            transport: Rc::new(SimTransport(self.host.clone())),
            clock: Rc::new(SimClock(self.time.clone(), self.rng.clone())),
            settings: settings.checked(),
            slots: RequestSlots::new(settings.requests),
            report: Rc::new(move |step| steps.borrow_mut().push(step)),
        })
    }

    /// Loads as a page does: reads here and there while the file is fetched, waits for the rest, and begins again once if
    /// the file changed. `None` if it was killed before the end.
    pub fn load(
        &self,
        until: f64,
        integrity: Option<Integrity>,
        revalidate: bool,
    ) -> Option<Result<Vec<u8>, SourceError>> {
        self.disk.unlock_all();
        self.steps.borrow_mut().clear();
        let context = self.context();
        let run = async {
            let request = FileRequest {
                url: URL,
                file: "model.gguf",
                integrity,
                revalidate,
                probe_only: self.rng.one_in(4),
                restarts: &Restarts::default(),
            };
            let mut restarts = Restarts::default();
            loop {
                let result = once(&context, FileRequest { restarts: &restarts, ..request }, &self.rng).await;
                if !result.as_ref().err().is_some_and(|error| restarts.begin_again(error)) {
                    return result;
                }
            }
        };
        self.time.run(until, run)
    }

    pub fn content(&self) -> Vec<u8> {
        self.host.content.borrow().clone()
    }

    pub fn stored(&self) -> u64 {
        let files = self.disk.files.borrow();
        files.get(&storage_key(URL)).and_then(|f| Journal::parse(&f.1)).map_or(0, |j| j.stored_bytes())
    }

    fn damage(&self) {
        for (data, _) in self.disk.files.borrow_mut().values_mut().filter(|f| !f.0.is_empty()) {
            match self.rng.below(3) {
                0 => data.truncate(self.rng.below(data.len() as u64) as usize),
                1 => data.clear(),
                _ => {
                    let at = self.rng.below(data.len() as u64) as usize;
                    data[at] ^= 1 << self.rng.below(8);
                }
            }
        }
    }
}

async fn once(context: &Rc<DownloadContext>, request: FileRequest<'_>, rng: &Rng) -> Result<Vec<u8>, SourceError> {
    let (file, transfer) = match open(context, request).await? {
        OpenedFile::Absent => return Err(SourceError::NotFound { file: request.file.to_owned() }),
        OpenedFile::Complete(file) => (file, None),
        OpenedFile::Partial(file, transfer) => (file, Some(transfer)),
    };
    let source = StoredSource(file.clone());
    let whole = RefCell::new(Vec::new());
    let read = async {
        for _ in 0..3 {
            let from = rng.below(source.len());
            let len = rng.below(source.len() - from) as usize;
            assert_eq!(source.read(from, len).await?.len(), len);
        }
        if file.state.borrow().fetching || !file.state.borrow().finished {
            file.finished().await?;
        }
        *whole.borrow_mut() = source.read(0, source.len() as usize).await?;
        Ok(())
    };
    let work = async {
        file.work(transfer).await;
        Ok(())
    };
    let tasks: Vec<LocalBoxFuture<'_, Result<(), SourceError>>> = vec![Box::pin(work), Box::pin(read)];
    try_join_all(tasks).await?;
    Ok(whole.take())
}

pub(super) fn hash(bytes: &[u8]) -> Integrity {
    let mut hasher = IntegrityHasher::default();
    hasher.update(bytes);
    hasher.finish()
}

#[test]
fn a_file_comes_whole_and_stays() {
    for len in [0, 1, 1023, 1024, 1025, 20_000] {
        let sim = Sim::new(len as u64, len);
        assert_eq!(sim.load(f64::INFINITY, None, false), Some(Ok(sim.content())), "{len}");
        let requests = sim.host.requests.get();
        assert_eq!(sim.load(f64::INFINITY, None, false), Some(Ok(sim.content())));
        assert_eq!(sim.host.requests.get(), requests, "the second visit asks nobody");
        assert_eq!(sim.load(f64::INFINITY, None, true), Some(Ok(sim.content())));
        assert_eq!(sim.host.requests.get(), requests + 1, "unless it should");
        sim.host.faults.borrow_mut().refuse = 1;
        assert_eq!(sim.load(f64::INFINITY, None, len > 0), Some(Ok(sim.content())), "offline");
    }
}

#[test]
fn whatever_fails_the_file_is_right_or_an_error_is_returned() {
    let seeds = 4000;
    let (mut kills, mut errors, mut whole) = (0, std::collections::BTreeMap::new(), 0);
    for seed in 0..seeds {
        let sim = Sim::new(seed, 0);
        let rng = &sim.rng;
        let len = 1 + rng.below(30_000) as usize;
        *sim.host.content.borrow_mut() = bytes(rng, len);
        let rare = |rng: &Rng| if rng.one_in(2) { 3 + rng.below(12) } else { 0 };
        let flips = rng.one_in(4);
        // Without Content-Range nobody can detect another range.
        let unexposed = rng.one_in(10);
        *sim.host.faults.borrow_mut() = Faults {
            refuse: rare(rng),
            busy: rare(rng),
            stall: rare(rng),
            cut: rare(rng),
            flip: if flips { 2 + rng.below(20) } else { 0 },
            wrong_range: if unexposed { 0 } else { rare(rng) },
            short: rare(rng),
            long: rare(rng),
            no_ranges: rng.one_in(5),
            no_length: rng.one_in(10),
            no_validator: rng.one_in(5),
            missing: false,
            gzip: rng.one_in(10),
            unexposed,
            cap: (!unexposed && rng.one_in(10)).then(|| 1 + rng.below(3000)),
            weak: rng.one_in(10),
            change_at: rng.one_in(3).then(|| rng.below(12)),
            ..Faults::default()
        };
        let changed_len = 1 + rng.below(30_000) as usize;
        let changes = sim.host.faults.borrow().change_at.is_some();
        let unseen = changes && sim.host.faults.borrow().no_validator;
        *sim.host.next_content.borrow_mut() = Some(bytes(rng, if unseen { len } else { changed_len }));
        let versions = [sim.content(), sim.host.next_content.borrow().clone().unwrap_or_default()];
        // A change without validators, and flipped bits, can only be detected with a hash.
        let known = flips || unseen || rng.one_in(2);
        let mut damaged = false;
        for _ in 0..rng.below(4) {
            let want = known.then(|| hash(&sim.content()));
            let until = sim.time_now() + rng.below(400) as f64;
            if let Some(Ok(got)) = sim.load(until, want, rng.one_in(4)) {
                assert!(!known || want == Some(hash(&got)), "seed {seed}");
            }
            kills += 1;
            if rng.one_in(3) {
                sim.damage();
                damaged = true;
            }
        }
        let want = known.then(|| hash(&sim.content()));
        match sim.load(f64::INFINITY, want, false) {
            Some(Ok(got)) if known => assert_eq!(want, Some(hash(&got)), "seed {seed}"),
            Some(Ok(got)) => assert!(versions.contains(&got), "seed {seed}: of no version"),
            Some(Err(error)) => *errors.entry(error.code()).or_insert(0) += 1,
            None => panic!("seed {seed} was killed"),
        }
        // The host has recovered: now the load must succeed, and undamaged pieces are not fetched again.
        *sim.host.faults.borrow_mut() = Faults::default();
        let now = sim.content();
        let (stored, before) = (sim.stored(), sim.host.served.get());
        let got = sim.load(f64::INFINITY, Some(hash(&now)), changes).expect("an end");
        assert_eq!(got.as_deref(), Ok(&now[..]), "seed {seed}");
        whole += 1;
        let fetched = sim.host.served.get() - before;
        if !changes && !flips && !damaged {
            let most = now.len() as u64 - stored.min(now.len() as u64) + 1;
            assert!(fetched <= most || stored == 0, "seed {seed}: {fetched} of {most} with {stored} stored");
        }
    }
    println!("{seeds} seeds, {kills} interrupted loads, {whole} right in the end; on the way {errors:?}");
    for code in errors.keys() {
        assert!(["network", "bad_response", "integrity", "file_changed"].contains(code), "{code}");
    }
}

#[test]
fn damaged_pieces_are_fetched_again() {
    for seed in 0..300 {
        let sim = Sim::new(seed, 20_000);
        let want = sim.rng.one_in(2).then(|| hash(&sim.content()));
        sim.load(f64::INFINITY, want, false).expect("an end").expect("a whole load");
        let before = sim.host.served.get();
        let at = sim.rng.below(20_000) as usize;
        sim.disk.files.borrow_mut().values_mut().for_each(|f| f.0[at] ^= 1);
        assert_eq!(sim.load(f64::INFINITY, want, false), Some(Ok(sim.content())), "seed {seed}");
        let fetched = sim.host.served.get() - before;
        assert!(fetched <= PIECE.into() && fetched > 0, "{fetched} bytes for one piece");
        // And it stays repaired.
        sim.host.faults.borrow_mut().refuse = 1;
        assert_eq!(sim.load(f64::INFINITY, want, false), Some(Ok(sim.content())), "seed {seed}");
    }
}

#[test]
fn a_file_that_is_not_the_one_asked_for_is_not_kept() {
    let sim = Sim::new(1, 5000);
    let want = Some(hash(b"another"));
    assert!(matches!(sim.load(f64::INFINITY, want, false), Some(Err(SourceError::Integrity { .. }))));
    assert_eq!(sim.stored(), 0);
    // What was stored without a hash may be outdated: it is fetched again before it is refused.
    sim.load(f64::INFINITY, None, false).expect("an end").expect("a whole load");
    *sim.host.content.borrow_mut() = b"another".to_vec();
    sim.host.version.set(2);
    assert_eq!(sim.load(f64::INFINITY, want, false), Some(Ok(b"another".to_vec())));
}

#[test]
fn each_fault_gives_its_error() {
    let code = |faults: Faults| {
        let sim = Sim::new(3, 9000);
        *sim.host.faults.borrow_mut() = faults;
        sim.load(f64::INFINITY, None, false).expect("an end").map_err(|e| e.code())
    };
    assert_eq!(code(Faults { missing: true, ..Faults::default() }), Err("not_found"));
    assert_eq!(code(Faults { refuse: 1, ..Faults::default() }), Err("network"));
    assert_eq!(code(Faults { busy: 1, ..Faults::default() }), Err("bad_response"));
    assert!(code(Faults { stall: 2, ..Faults::default() }).is_ok(), "each try gets a bit further");
    assert_eq!(code(Faults { stall: 1, ..Faults::default() }), Err("network"));
    assert_eq!(code(Faults { wrong_range: 1, ..Faults::default() }), Err("bad_response"));
    assert!(code(Faults { long: 1, ..Faults::default() }).is_ok(), "the announced bytes are there");
    let sim = Sim::new(4, 9000);
    sim.disk.room.set(Some(4000));
    assert_eq!(sim.load(f64::INFINITY, None, false).expect("an end").map_err(|e| e.code()), Err("storage_full"));
    sim.disk.room.set(None);
    assert_eq!(sim.load(f64::INFINITY, None, false), Some(Ok(sim.content())));
}

#[test]
fn progress_goes_forward_and_is_not_reported_too_often() {
    for seed in 0..50 {
        let sim = Sim::new(seed, 60_000);
        sim.host.faults.borrow_mut().cut = 4;
        let start = sim.time_now();
        sim.load(f64::INFINITY, Some(hash(&sim.content())), false).expect("an end").expect("a whole load");
        let seconds = (sim.time_now() - start) / 1000.0;
        for phase in [DownloadPhase::Download, DownloadPhase::Verify] {
            let steps: Vec<DownloadProgress> =
                sim.steps.borrow().iter().filter(|s| s.phase == phase).cloned().collect();
            assert!(steps.windows(2).all(|w| w[0].loaded < w[1].loaded), "forward");
            assert_eq!(steps.last().map(|s| (s.loaded, s.total)), Some((60_000, 60_000)));
            assert!(steps.len() as f64 <= 3.0 + 7.0 * seconds, "{} in {seconds} s", steps.len());
        }
    }
}

#[test]
fn stored_files_are_listed_checked_and_removed() {
    let sim = Sim::new(9, 5000);
    sim.load(f64::INFINITY, None, false).expect("an end").expect("a whole load");
    let store = SimStore(sim.disk.clone(), sim.time.clone());
    let run = async {
        remember_absent(&store, "https://host/absent").await.expect("as it was set up");
        let listed = list(&store).await.expect("as it was set up");
        assert_eq!((listed.len(), listed[0].complete, listed[0].stored), (1, true, 5000));
        let checked = check(&store, URL).await.expect("as it was set up");
        assert_eq!((checked[0].ok, checked[0].integrity.clone()), (true, Some(hash(&sim.content()).to_string())));
        assert_eq!(check(&store, "https://host/mode").await.expect("as it was set up"), []);
        sim.disk.files.borrow_mut().get_mut(&storage_key(URL)).expect("as it was set up").0[0] ^= 1;
        let checked = check(&store, "https://host/").await.expect("as it was set up");
        assert_eq!((checked[0].ok, checked[0].bad), (false, 1024));
        assert_eq!(list(&store).await.expect("as it was set up")[0].stored, 5000 - 1024);
    };
    sim.time.run(f64::INFINITY, run);
    assert_eq!(sim.load(f64::INFINITY, None, false), Some(Ok(sim.content())));
    let removed = async { (remove(&store, Some(URL)).await, remove(&store, None).await) };
    assert_eq!(sim.time.run(f64::INFINITY, removed), Some((Ok(1), Ok(0))));
    assert_eq!(sim.stored(), 0);
}

impl Sim {
    pub fn time_now(&self) -> f64 {
        SimClock(self.time.clone(), self.rng.clone()).now()
    }
}

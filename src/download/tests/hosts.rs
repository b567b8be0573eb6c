//! The peculiarities of hosts and stores, one at a time.

use std::rc::Rc;

use super::super::store::storage_key;
use super::super::*;
use super::faults::*;
use super::sim::*;
use crate::bytes::{LocalBoxFuture, Source, SourceError};
use futures_util::future::try_join_all;

const FOREVER: f64 = f64::INFINITY;

fn host(seed: u64, len: usize, faults: Faults) -> Sim {
    let sim = Sim::new(seed, len);
    *sim.host.faults.borrow_mut() = faults;
    sim
}

/// A load that fails over the content of the file.
fn load_and_reject(sim: &Sim) {
    let context = sim.context();
    let run = async {
        let request = FileRequest {
            url: URL,
            file: "model.gguf",
            integrity: None,
            revalidate: false,
            probe_only: false,
            restarts: &Restarts::default(),
        };
        match open(&context, request).await.expect("a good host") {
            OpenedFile::Absent => panic!("it is there"),
            OpenedFile::Complete(file) => (file, None),
            OpenedFile::Partial(file, transfer) => (file, Some(transfer)),
        }
    };
    let run = async {
        let (file, transfer) = run.await;
        file.work(transfer).await;
        file.set_revalidation(Revalidation::Refetch).await.expect("as it was set up");
    };
    sim.time.run(FOREVER, run).expect("an end");
}

#[test]
fn every_kind_of_host_is_loaded_from() {
    let kinds = [
        Faults { gzip: true, ..Faults::default() },
        Faults { unexposed: true, ..Faults::default() },
        Faults { cap: Some(300), ..Faults::default() },
        Faults { weak: true, ..Faults::default() },
        Faults { no_ranges: true, no_length: true, ..Faults::default() },
    ];
    for (seed, faults) in kinds.into_iter().enumerate() {
        let sim = host(seed as u64, 20_000, faults.clone());
        assert_eq!(sim.load(FOREVER, None, false), Some(Ok(sim.content())), "{faults:?}");
        // Repaired, too.
        sim.disk.files.borrow_mut().values_mut().for_each(|f| f.0[5000] ^= 1);
        for integrity in [None, Some(hash(&sim.content()))] {
            assert_eq!(sim.load(FOREVER, integrity, false), Some(Ok(sim.content())), "{faults:?}");
        }
        let requests = sim.host.requests.get();
        assert_eq!(sim.load(FOREVER, None, false), Some(Ok(sim.content())));
        assert_eq!(sim.host.requests.get(), requests, "{faults:?}: it stays repaired");
    }
}

#[test]
fn damaged_pieces_are_fetched_again_without_ranges() {
    for seed in 0..50 {
        let sim = host(seed, 20_000, Faults { no_ranges: true, ..Faults::default() });
        let want = sim.rng.one_in(2).then(|| hash(&sim.content()));
        sim.load(FOREVER, want, false).expect("an end").expect("a whole load");
        sim.disk.files.borrow_mut().values_mut().for_each(|f| f.0[sim.rng.below(20_000) as usize] ^= 1);
        let requests = sim.host.requests.get();
        assert_eq!(sim.load(FOREVER, want, false), Some(Ok(sim.content())), "seed {seed}");
        assert_eq!(sim.host.requests.get() - requests, 1);
    }
}

#[test]
fn rejected_content_is_fetched_again_and_only_once() {
    let kinds = [Faults::default(), Faults { no_ranges: true, no_length: true, ..Faults::default() }];
    for faults in kinds {
        let sim = host(1, 9000, faults);
        let right = sim.content();
        let wrong = if sim.host.faults.borrow().no_length { right[..5000].to_vec() } else { vec![7; 9000] };
        // The same validator with other bytes: nothing shows it.
        *sim.host.content.borrow_mut() = wrong.clone();
        load_and_reject(&sim);
        *sim.host.content.borrow_mut() = right.clone();
        assert_eq!(sim.load(FOREVER, None, false), Some(Ok(right.clone())));
        // The host has nothing better: it is asked, and not for everything each time.
        load_and_reject(&sim);
        load_and_reject(&sim);
        let served = sim.host.served.get();
        load_and_reject(&sim);
        assert!(sim.host.served.get() - served <= 9000 / 2 || sim.host.faults.borrow().no_ranges, "once");
        // Another validator is another file.
        *sim.host.content.borrow_mut() = wrong.clone();
        sim.host.version.set(2);
        assert_eq!(sim.load(FOREVER, None, false), Some(Ok(wrong)));
    }
}

#[test]
fn rejected_content_with_the_right_hash_is_not_fetched_again() {
    let sim = Sim::new(2, 9000);
    let want = Some(hash(&sim.content()));
    sim.load(FOREVER, want, false).expect("an end").expect("a whole load");
    load_and_reject(&sim);
    let served = sim.host.served.get();
    assert_eq!(sim.load(FOREVER, want, false), Some(Ok(sim.content())));
    assert!(sim.host.served.get() - served <= 1);
}

#[test]
fn a_busy_host_does_not_take_away_what_is_stored() {
    let sim = Sim::new(3, 9000);
    sim.load(FOREVER, None, false).expect("an end").expect("a whole load");
    sim.host.faults.borrow_mut().busy = 1;
    assert_eq!(sim.load(FOREVER, None, true), Some(Ok(sim.content())));
    let sim = host(3, 9000, Faults { missing: true, ..Faults::default() });
    assert_eq!(sim.load(FOREVER, None, true).expect("an end").map_err(|e| e.code()), Err("not_found"));
    assert!(!sim.disk.files.borrow().contains_key(&storage_key(URL)), "nothing is left of it");
}

#[test]
fn a_file_of_unknown_length_reports_progress_and_is_refused_without_room() {
    let sim = host(4, 200_000, Faults { no_ranges: true, no_length: true, ..Faults::default() });
    let start = sim.time_now();
    sim.load(FOREVER, None, false).expect("an end").expect("a whole load");
    let steps = sim.steps.borrow().clone();
    assert!(steps.len() > 2 && steps.windows(2).all(|w| w[0].loaded < w[1].loaded), "{steps:?}");
    assert_eq!(steps.last().map(|s| (s.loaded, s.total)), Some((200_000, 200_000)));
    assert!(steps.len() as f64 <= 3.0 + 7.0 * (sim.time_now() - start) / 1000.0);

    let sim = host(5, 200_000, Faults { no_ranges: true, no_length: true, ..Faults::default() });
    sim.disk.room.set(Some(50_000));
    let Some(Err(SourceError::StorageFull { needed, free, .. })) = sim.load(FOREVER, None, false) else {
        panic!("there is no room");
    };
    assert!(needed.is_some_and(|n| n > 50_000) && free == Some(50_000), "{needed:?} {free:?}");
    assert!(sim.host.served.get() < 60_000, "{}", sim.host.served.get());
    assert_eq!(sim.stored(), 0);
}

#[test]
fn many_files_are_probed_first_and_share_the_requests() {
    let sim = Sim::new(6, 30_000);
    let context = sim.context();
    let urls: Vec<String> = (0..5).map(|i| format!("{URL}.{i}")).collect();
    let run = async {
        let mut files = Vec::new();
        for url in &urls {
            let request = FileRequest {
                url,
                file: "part",
                integrity: None,
                revalidate: false,
                probe_only: true,
                restarts: &Restarts::default(),
            };
            let Ok(OpenedFile::Partial(file, transfer)) = open(&context, request).await else { panic!("a good host") };
            files.push((file, transfer));
        }
        assert_eq!(sim.host.open.get(), 0, "no response is kept open");
        assert_eq!(sim.host.served.get(), 5, "a byte of each");
        assert_eq!(files.iter().map(|(file, _)| file.needed_room()).sum::<u64>(), 150_000);
        let work = |(file, transfer): (Rc<StoredFile>, Transfer)| -> LocalBoxFuture<'_, Result<(), SourceError>> {
            Box::pin(async move {
                file.work(Some(transfer)).await;
                file.finished().await
            })
        };
        try_join_all(files.into_iter().map(work)).await.map(drop)
    };
    assert_eq!(sim.time.run(FOREVER, run), Some(Ok(())));
    assert_eq!(u64::from(sim.host.most_open.get()), context.settings.requests as u64);
    assert_eq!(sim.host.served.get(), 5 + 150_000);
}

#[test]
fn an_absurd_length_is_refused_before_anything_is_allocated_for_it() {
    for total in [2_000_000_000_000_000, u64::MAX] {
        let sim = host(7, 9000, Faults { announced_total: Some(total), ..Faults::default() });
        let error = sim.load(FOREVER, None, false).expect("an end").expect_err("too long a file");
        assert_eq!(error.code(), "bad_response");
        assert!(error.to_string().contains("too large"), "{error}");
    }
}

#[test]
fn a_body_that_is_announced_too_short_is_fetched_once_more_if_there_is_a_hash() {
    let faults = |short_bodies| Faults { no_ranges: true, short_bodies, ..Faults::default() };
    let sim = host(8, 9000, faults(1));
    let want = Some(hash(&sim.content()));
    assert_eq!(sim.load(FOREVER, want, false), Some(Ok(sim.content())));
    // A host that does so every time does not have the file.
    for no_length in [false, true] {
        let sim = host(8, 9000, Faults { no_length, ..faults(u64::MAX) });
        let error = sim.load(FOREVER, want, false).expect("an end").expect_err("half a file");
        assert_eq!((error.code(), sim.host.requests.get()), ("integrity", 2), "{error}");
        assert_eq!(sim.stored(), 0);
    }
}

/// Loads through a store that does not keep what it is given; whether the file ended in memory.
fn load_with_faulty_store(sim: &Sim, integrity: Option<Integrity>) -> (Result<Vec<u8>, SourceError>, bool) {
    let context = sim.context();
    let run = async {
        let request = FileRequest {
            url: URL,
            file: "model.gguf",
            integrity,
            revalidate: false,
            probe_only: false,
            restarts: &Restarts::default(),
        };
        let (file, transfer) = match open(&context, request).await? {
            OpenedFile::Absent => panic!("it is there"),
            OpenedFile::Complete(file) => (file, None),
            OpenedFile::Partial(file, transfer) => (file, Some(transfer)),
        };
        let source = StoredSource(file.clone());
        let whole = futures_util::future::join(file.work(transfer), source.read(0, source.len() as usize)).await.1;
        file.finished().await?;
        let in_memory = file.in_memory();
        file.discard().await.expect("the store removes files");
        Ok((whole, in_memory))
    };
    match sim.time.run(FOREVER, run).expect("an end") {
        Ok(loaded) => loaded,
        Err(error) => (Err(error), false),
    }
}

#[test]
fn a_store_that_returns_damaged_data_is_replaced_by_memory() {
    for (seed, reads) in [Reads::Wrong, Reads::Nothing, Reads::Failing].into_iter().enumerate() {
        for stored_before in [false, true] {
            let sim = Sim::new(seed as u64, 20_000);
            let want = (seed % 2 == 0).then(|| hash(&sim.content()));
            if stored_before {
                sim.load(FOREVER, None, false).expect("an end").expect("a whole load");
            }
            sim.disk.reads.set(reads);
            let (loaded, in_memory) = load_with_faulty_store(&sim, want);
            assert_eq!(loaded, Ok(sim.content()), "{reads:?}, stored before: {stored_before}");
            assert!(in_memory, "{reads:?}, stored before: {stored_before}");
            let left = sim.disk.files.borrow().len() + sim.memory.files.borrow().len();
            assert_eq!(left, 0, "nothing is left of it");
            // The next load tries the store again.
            sim.disk.reads.set(Reads::Right);
            assert_eq!(load_with_faulty_store(&sim, want), (Ok(sim.content()), false));
        }
    }
}

#[test]
fn a_store_that_does_not_write_or_tell_is_replaced_by_memory_and_a_full_one_is_not() {
    for no_length in [false, true] {
        let sim = host(9, 20_000, Faults { no_ranges: no_length, no_length, ..Faults::default() });
        sim.disk.fails.set(true);
        assert_eq!(load_with_faulty_store(&sim, None), (Ok(sim.content()), true), "no length: {no_length}");
    }
    let sim = Sim::new(9, 20_000);
    sim.disk.unreadable.set(true);
    assert_eq!(load_with_faulty_store(&sim, None), (Ok(sim.content()), true));
    let sim = Sim::new(9, 20_000);
    sim.disk.room.set(Some(10_000));
    let (loaded, in_memory) = load_with_faulty_store(&sim, None);
    assert_eq!((loaded.map_err(|e| e.code()), in_memory), (Err("storage_full"), false));
}

#[test]
fn one_damaged_read_is_an_accident() {
    let sim = Sim::new(10, 20_000);
    sim.load(FOREVER, None, false).expect("an end").expect("a whole load");
    sim.disk.files.borrow_mut().values_mut().for_each(|f| f.0[5000] ^= 1);
    assert_eq!(load_with_faulty_store(&sim, None), (Ok(sim.content()), false));
}

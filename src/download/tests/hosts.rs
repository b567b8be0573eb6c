//! What hosts do in their own way, one at a time.

use std::rc::Rc;

use super::super::integrity::key_of;
use super::super::tasks::all;
use super::super::*;
use super::faults::*;
use super::sim::*;
use crate::bytes::{LocalBoxFuture, WeightsError};

const FOREVER: f64 = f64::INFINITY;

fn host(seed: u64, len: usize, faults: Faults) -> Sim {
    let sim = Sim::new(seed, len);
    *sim.host.faults.borrow_mut() = faults;
    sim
}

/// A load that fails over what is in the file.
fn blame(sim: &Sim) {
    let world = sim.world();
    let run = async {
        let wanted = Wanted { url: URL, file: "model.gguf", integrity: None, revalidate: false, peek: false };
        match open(&world, wanted).await.expect("a good host") {
            Opened::Absent => panic!("it is there"),
            Opened::Stored(file) => (file, None),
            Opened::Begun(file, begun) => (file, Some(begun)),
        }
    };
    let run = async {
        let (file, begun) = run.await;
        file.work(begun).await;
        file.suspect(Suspicion::Anew).await.expect("as it was set up");
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
        // Mended, too.
        sim.disk.files.borrow_mut().values_mut().for_each(|f| f.0[5000] ^= 1);
        for integrity in [None, Some(hash(&sim.content()))] {
            assert_eq!(sim.load(FOREVER, integrity, false), Some(Ok(sim.content())), "{faults:?}");
        }
        let requests = sim.host.requests.get();
        assert_eq!(sim.load(FOREVER, None, false), Some(Ok(sim.content())));
        assert_eq!(sim.host.requests.get(), requests, "{faults:?}: it stays mended");
    }
}

#[test]
fn damage_is_mended_where_there_are_no_ranges() {
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
fn what_came_wrongly_is_fetched_anew_and_only_once() {
    let kinds = [Faults::default(), Faults { no_ranges: true, no_length: true, ..Faults::default() }];
    for faults in kinds {
        let sim = host(1, 9000, faults);
        let right = sim.content();
        let wrong = if sim.host.faults.borrow().no_length { right[..5000].to_vec() } else { vec![7; 9000] };
        // Same validator, other bytes: nobody can see it.
        *sim.host.content.borrow_mut() = wrong.clone();
        blame(&sim);
        *sim.host.content.borrow_mut() = right.clone();
        assert_eq!(sim.load(FOREVER, None, false), Some(Ok(right.clone())));
        // The host has nothing better: it is asked, and not for everything each time.
        blame(&sim);
        blame(&sim);
        let served = sim.host.served.get();
        blame(&sim);
        assert!(sim.host.served.get() - served <= 9000 / 2 || sim.host.faults.borrow().no_ranges, "once");
        // Another validator is another file.
        *sim.host.content.borrow_mut() = wrong.clone();
        sim.host.version.set(2);
        assert_eq!(sim.load(FOREVER, None, false), Some(Ok(wrong)));
    }
}

#[test]
fn a_proven_file_is_not_fetched_anew() {
    let sim = Sim::new(2, 9000);
    let want = Some(hash(&sim.content()));
    sim.load(FOREVER, want, false).expect("an end").expect("a whole load");
    blame(&sim);
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
    assert!(!sim.disk.files.borrow().contains_key(&key_of(URL)), "nothing is left of it");
}

#[test]
fn a_file_without_length_tells_how_far_it_is_and_is_refused_without_room() {
    let sim = host(4, 200_000, Faults { no_ranges: true, no_length: true, ..Faults::default() });
    let start = sim.time_now();
    sim.load(FOREVER, None, false).expect("an end").expect("a whole load");
    let steps = sim.steps.borrow().clone();
    assert!(steps.len() > 2 && steps.windows(2).all(|w| w[0].loaded < w[1].loaded), "{steps:?}");
    assert_eq!(steps.last().map(|s| (s.loaded, s.total)), Some((200_000, 200_000)));
    assert!(steps.len() as f64 <= 3.0 + 7.0 * (sim.time_now() - start) / 1000.0);

    let sim = host(5, 200_000, Faults { no_ranges: true, no_length: true, ..Faults::default() });
    sim.disk.room.set(Some(50_000));
    let Some(Err(WeightsError::StorageFull { needed, free, .. })) = sim.load(FOREVER, None, false) else {
        panic!("there is no room");
    };
    assert!(needed.is_some_and(|n| n > 50_000) && free == Some(50_000), "{needed:?} {free:?}");
    assert!(sim.host.served.get() < 60_000, "{}", sim.host.served.get());
    assert_eq!(sim.stored(), 0);
}

#[test]
fn many_files_are_looked_at_first_and_share_the_requests() {
    let sim = Sim::new(6, 30_000);
    let world = sim.world();
    let urls: Vec<String> = (0..5).map(|i| format!("{URL}.{i}")).collect();
    let run = async {
        let mut files = Vec::new();
        for url in &urls {
            let wanted = Wanted { url, file: "part", integrity: None, revalidate: false, peek: true };
            let Ok(Opened::Begun(file, begun)) = open(&world, wanted).await else { panic!("a good host") };
            files.push((file, begun));
        }
        assert_eq!(sim.host.open.get(), 0, "no answer is kept open");
        assert_eq!(sim.host.served.get(), 5, "a byte of each");
        assert_eq!(files.iter().map(|(file, _)| file.wanted_room()).sum::<u64>(), 150_000);
        let work = |(file, begun): (Rc<StoredFile>, Begun)| -> LocalBoxFuture<'_, Result<(), WeightsError>> {
            Box::pin(async move {
                file.work(Some(begun)).await;
                file.finished().await
            })
        };
        all(files.into_iter().map(work).collect()).await
    };
    assert_eq!(sim.time.run(FOREVER, run), Some(Ok(())));
    assert_eq!(u64::from(sim.host.most_open.get()), world.settings.requests as u64);
    assert_eq!(sim.host.served.get(), 5 + 150_000);
}

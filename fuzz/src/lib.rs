//! What all targets share: each feeds one of the parsers in `tests/fuzz/parsers`, and fails where it takes too much memory.

#[path = "../../tests/fuzz/allocations.rs"]
mod allocations;
#[path = "../../tests/fuzz/json_mutation.rs"]
mod json_mutation;
#[path = "../../tests/fuzz/parsers/mod.rs"]
mod parsers;

use std::cell::OnceCell;
use std::path::PathBuf;

use allocations::CountingAllocator;
use json_mutation::mutate_json;
use parsers::{Accepts, PARSERS, Parser, found};

#[doc(hidden)]
pub use libfuzzer_sys;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// A folder to which a target writes its seeds before it reads its corpus.
const SEEDS: &str = "SECONDPASS_FUZZ_SEEDS";

thread_local! {
    /// The target's parser, and what feeds it. libFuzzer runs all inputs on one thread.
    static FEEDER: OnceCell<(&'static Parser, Accepts)> = const { OnceCell::new() };
}

/// Prepares a target: its seeds are written where that is asked for, and its parser gets what it needs.
pub fn prepare(name: &str) {
    let parser = PARSERS.iter().find(|parser| parser.name == name).expect("a parser of that name");
    if let Some(folder) = std::env::var_os(SEEDS).map(PathBuf::from) {
        std::fs::create_dir_all(&folder).expect("a folder for seeds");
        for (number, seed) in (parser.seeds)().iter().chain(&found(name)).enumerate() {
            std::fs::write(folder.join(format!("seed-{number:03}")), seed).expect("a seed");
        }
    }
    FEEDER.with(|feeder| drop(feeder.set((parser, (parser.feeder)()))));
}

/// Runs one input of the target that was prepared.
pub fn run(bytes: &[u8]) {
    FEEDER.with(|feeder| {
        let (parser, accepts) = feeder.get().expect("a target that was prepared");
        let (most, _) = CountingAllocator::most_during(|| accepts(bytes));
        let room = parser.room(bytes.len());
        assert!(most <= room, "{most} bytes were in use for an input of {}, and {room} may be", bytes.len());
    });
}

/// Changes the first `size` bytes of `data`; JSON half of the times as such, and everything else as libFuzzer does.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    // splitmix64.
    let mut state = u64::from(seed);
    let mut below = |limit: usize| {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ z >> 31) % limit.max(1) as u64) as usize
    };
    let json = if below(2) == 0 { mutate_json(&data[..size], &mut below) } else { None };
    match json.filter(|json| json.len() <= max_size) {
        Some(json) => {
            data[..json.len()].copy_from_slice(&json);
            json.len()
        }
        None => libfuzzer_sys::fuzzer_mutate(data, size, max_size),
    }
}

/// The program of a target.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        $crate::libfuzzer_sys::fuzz_target!(init: $crate::prepare($name), |bytes: &[u8]| $crate::run(bytes));
        $crate::libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::mutate(data, size, max_size, seed)
        });
    };
}

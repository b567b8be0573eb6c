//! What all targets share: each feeds one of the parsers in `tests/fuzz/parsers`, and fails where it takes too much memory.

#[path = "../../tests/fuzz/allocations.rs"]
mod allocations;
#[path = "../../tests/fuzz/parsers/mod.rs"]
mod parsers;

use std::cell::OnceCell;
use std::path::PathBuf;

use allocations::CountingAllocator;
use parsers::{Accepts, PARSERS, Parser};

#[doc(hidden)]
pub use libfuzzer_sys;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// A folder to which a target writes its seeds before it reads its corpus.
const SEEDS: &str = "SECONDPASS_FUZZ_SEEDS";

thread_local! {
    /// What feeds the target's parser. libFuzzer runs all inputs on one thread.
    static FEEDER: OnceCell<Accepts> = const { OnceCell::new() };
}

fn parser(name: &str) -> &'static Parser {
    PARSERS.iter().find(|parser| parser.name == name).expect("a parser of that name")
}

/// Prepares a target: its seeds are written where that is asked for, and its parser gets what it needs.
pub fn prepare(name: &str) {
    if let Some(folder) = std::env::var_os(SEEDS).map(PathBuf::from) {
        std::fs::create_dir_all(&folder).expect("a folder for seeds");
        for (number, seed) in (parser(name).seeds)().iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number:03}")), seed).expect("a seed");
        }
    }
    FEEDER.with(|feeder| drop(feeder.set((parser(name).feeder)())));
}

/// Runs one input of the target that was prepared.
pub fn run(bytes: &[u8]) {
    FEEDER.with(|feeder| {
        let accepts = feeder.get().expect("a target that was prepared");
        let (most, _) = CountingAllocator::most_during(|| accepts(bytes));
        let room = Parser::room(bytes.len());
        assert!(most <= room, "{most} bytes were in use for an input of {}, and {room} may be", bytes.len());
    });
}

/// The program of a target.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        $crate::libfuzzer_sys::fuzz_target!(init: $crate::prepare($name), |bytes: &[u8]| $crate::run(bytes));
    };
}

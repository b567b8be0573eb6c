//! Mutation fuzzing of every parser. Inputs are valid files with bytes flipped, removed, repeated, spliced, or replaced by
//! extreme numbers, and JSON with other values. A parser must return a value or an error: no panic, no oversized allocation, no input that takes seconds.
//!
//! A short run is part of the tests. A long one:
//!
//! ```sh
//! SECONDPASS_FUZZ_SECONDS=600 cargo test --release --test fuzz -- --nocapture
//! ```
//!
//! A failure prints its seed; `SECONDPASS_FUZZ_SEED` repeats it.

mod allocations;
mod json_mutation;
mod parsers;

use std::time::{Duration, Instant};

use allocations::CountingAllocator;
use json_mutation::mutate_json;
use parsers::{PARSERS, Parser, found};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

const EXTREMES: [u64; 10] = [0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, i64::MAX as u64, u64::MAX];

fn mutate(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    if random.below(2) == 0
        && let Some(json) = mutate_json(&bytes, &mut |limit| random.below(limit))
    {
        return json;
    }
    for _ in 0..1 + random.below(6) {
        if bytes.is_empty() {
            return bytes;
        }
        let at = random.below(bytes.len());
        // Mostly in the first bytes: headers hold the sizes and counts.
        let at = if random.below(3) > 0 { at.min(random.below(512)) } else { at };
        match random.below(7) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => bytes.truncate(at),
            3 => {
                let value = EXTREMES[random.below(EXTREMES.len())];
                let raw = if random.below(2) == 0 { value.to_le_bytes() } else { value.to_be_bytes() };
                let len = [1, 2, 4, 8][random.below(4)].min(bytes.len() - at);
                bytes[at..at + len].copy_from_slice(&raw[..len]);
            }
            4 => {
                let end = (at + random.below(64)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            5 => drop(bytes.drain(at..(at + random.below(16)).min(bytes.len()))),
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len().max(1));
                bytes.truncate(at);
                bytes.extend_from_slice(other.get(from..).unwrap_or_default());
            }
        }
    }
    bytes
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// Runs a parser on mutated seeds until the time is up. It must accept the seeds themselves: from a seed that is refused at
/// once no mutation reaches the code behind the first checks.
fn fuzz(parser: &Parser) {
    let (name, seeds, accepts) = (parser.name, (parser.seeds)(), (parser.feeder)());
    assert!(!seeds.is_empty(), "{name} has no seeds");
    for (i, seed) in seeds.iter().enumerate() {
        assert!(accepts(seed), "{name}: seed {i} is refused");
    }
    for (i, input) in found(name).iter().enumerate() {
        let start = Instant::now();
        let (most, _) = CountingAllocator::most_during(|| accepts(input));
        assert!(most <= parser.room(input.len()), "{name}: {most} bytes in use for case {i}");
        assert!(start.elapsed() < Duration::from_secs(5), "{name}: case {i} is slow");
    }
    let mut seed = number("SECONDPASS_FUZZ_SEED", 0x9E37_79B9_7F4A_7C15);
    let end = Instant::now() + Duration::from_secs(number("SECONDPASS_FUZZ_SECONDS", 2));
    let (mut runs, mut accepted, mut largest) = (0, 0, 0);
    while Instant::now() < end {
        let bytes = mutate(&seeds, &mut Random(seed));
        let start = Instant::now();
        let fed = || std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| accepts(&bytes)));
        let (most, result) = CountingAllocator::most_during(fed);
        match result {
            Ok(yes) => accepted += usize::from(yes),
            Err(panic) => {
                eprintln!("{name} panicked at SECONDPASS_FUZZ_SEED={seed}");
                std::panic::resume_unwind(panic);
            }
        }
        assert!(most <= parser.room(bytes.len()), "{name}: {most} bytes in use at SECONDPASS_FUZZ_SEED={seed}");
        largest = largest.max(most);
        assert!(start.elapsed() < Duration::from_secs(5), "{name}: slow at SECONDPASS_FUZZ_SEED={seed}");
        seed = Random(seed).next();
        runs += 1;
    }
    println!("{name}: {runs} inputs, {accepted} of them accepted, at most {} KB in use", largest >> 10);
    assert!(runs > 10, "{name}: only {runs} inputs");
}

/// A single test, because the count of the allocator is shared by all threads.
#[test]
fn parsers_survive_mutated_input() {
    PARSERS.iter().for_each(fuzz);
}

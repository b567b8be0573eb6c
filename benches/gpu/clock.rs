//! Time by the wall clock, over repeats that fill a window.

use std::time::Instant;

/// More repeats than this are never tried.
const MAX_REPEATS: usize = 1 << 16;

/// How much the repeats grow at once: the first time may be far off, while the clocks of a GPU still rise.
const MAX_GROWTH: f64 = 16.0;

/// How long is measured.
pub struct Clock {
    /// A time counts only over so many milliseconds: one launch of microseconds beside a readback would measure the readback.
    window_ms: f64,
    /// The best of so many counts, since others use the device too.
    windows: usize,
}

impl Clock {
    pub fn new(small: bool) -> Self {
        if small { Self { window_ms: 10.0, windows: 2 } } else { Self { window_ms: 30.0, windows: 2 } }
    }

    /// Milliseconds of one repeat. `run` does the work so many times and waits for its end.
    pub fn time(&self, run: impl Fn(usize) -> Result<(), String>) -> Result<f64, String> {
        let window = |repeats: usize| {
            let start = Instant::now();
            run(repeats)?;
            Ok::<f64, String>(start.elapsed().as_secs_f64() * 1e3)
        };
        // The first one compiles.
        window(1)?;
        let mut repeats = 1;
        let mut best = window(repeats)?;
        while best < self.window_ms && repeats < MAX_REPEATS {
            let growth = (1.2 * self.window_ms / best.max(1e-3)).clamp(2.0, MAX_GROWTH);
            repeats = ((repeats as f64 * growth) as usize).min(MAX_REPEATS);
            best = window(repeats)?;
        }
        for _ in 1..self.windows {
            best = best.min(window(repeats)?);
        }
        Ok(best / repeats as f64)
    }
}

/// Milliseconds of something that is done once.
pub fn once<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed().as_secs_f64() * 1e3, result)
}

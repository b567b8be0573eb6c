//! How far it is: a bar for people, a line for every tenth where the output goes to a file.

use std::time::{Duration, Instant};

const WIDTH: usize = 32;
/// A bar that is drawn more often costs more than it tells.
const INTERVAL: Duration = Duration::from_millis(100);

/// Counts bytes and says so on standard error.
pub struct Progress {
    total: u64,
    done: u64,
    terminal: bool,
    start: Instant,
    drawn: Option<Instant>,
    tenths: u64,
}

impl Progress {
    /// Of so many bytes.
    pub fn new(total: u64, terminal: bool) -> Self {
        Self { total, done: 0, terminal, start: Instant::now(), drawn: None, tenths: 0 }
    }

    /// So many more are done.
    pub fn add(&mut self, bytes: u64) {
        self.done += bytes;
        if self.terminal {
            if self.drawn.is_none_or(|at| at.elapsed() >= INTERVAL) {
                self.drawn = Some(Instant::now());
                eprint!("\r\x1b[K{}", self.bar());
            }
            return;
        }
        let tenths = self.percent() / 10;
        if tenths > self.tenths {
            self.tenths = tenths;
            eprintln!("converting: {} %", tenths * 10);
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if self.terminal {
            eprint!("\r\x1b[K");
        }
    }

    fn percent(&self) -> u64 {
        // Of a file of many exabytes this would be wrong.
        (self.done.saturating_mul(100)).checked_div(self.total).unwrap_or(100)
    }

    fn bar(&self) -> String {
        let percent = self.percent();
        let full = (percent as usize * WIDTH / 100).min(WIDTH);
        let rate = self.done as f64 / 1e6 / self.start.elapsed().as_secs_f64().max(1e-3);
        format!("[{}{}] {percent:>3} %  {rate:.0} MB/s", "#".repeat(full), ".".repeat(WIDTH - full))
    }
}

impl Drop for Progress {
    /// An error must not stand behind a bar.
    fn drop(&mut self) {
        self.finish();
    }
}

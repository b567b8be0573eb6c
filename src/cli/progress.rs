//! Progress on standard error. indicatif draws only where that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

use crate::engine::{self, LoadStage};

const LOAD_TEMPLATE: &str = "{msg} [{bar:32}] {pos}/{len}";
const BYTES_TEMPLATE: &str = "[{bar:32}] {percent:>3} %  {decimal_bytes_per_sec}  {eta} left";
const ITEMS_TEMPLATE: &str = "{msg} [{bar:32}] {human_pos}/{human_len}  {per_sec}  {eta} left";
/// A stage of an evaluation may be over at once.
const ITEMS_SILENCE: Duration = Duration::from_secs(2);

/// The stages of loading a model. The bar disappears when the last stage ends, or when this is dropped.
pub struct LoadProgressBar {
    bar: ProgressBar,
}

impl LoadProgressBar {
    pub fn new() -> Self {
        Self { bar: bar(ProgressBar::no_length(), LOAD_TEMPLATE) }
    }

    pub fn update(&self, progress: &engine::LoadProgress) {
        self.bar.set_message(match progress.stage {
            LoadStage::Download | LoadStage::Verify => "reading",
            LoadStage::Upload => "loading",
            LoadStage::Compile => "warming up",
        });
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.loaded);
        if progress.stage == LoadStage::Compile && progress.loaded == progress.total {
            self.bar.finish_and_clear();
        }
    }
}

/// A long job. Where standard error is not a terminal, a line for every tenth replaces the bar, so that a log shows that the
/// job is alive. The bar disappears when this is dropped.
pub struct JobProgress {
    bar: ProgressBar,
    total: u64,
    tenths: u64,
    label: &'static str,
    /// How long it may take without such a line.
    silence: Duration,
}

impl JobProgress {
    /// Counts bytes.
    pub fn bytes(total: u64, label: &'static str) -> Self {
        Self { bar: bar(ProgressBar::new(total), BYTES_TEMPLATE), total, tenths: 0, label, silence: Duration::ZERO }
    }

    /// Counts items, of which some may be there from an earlier run.
    pub fn items(total: u64, done: u64, label: &'static str) -> Self {
        let bar = bar(ProgressBar::new(total), ITEMS_TEMPLATE).with_message(label).with_position(done);
        bar.reset_eta();
        let mut progress = Self { bar, total, tenths: 0, label, silence: ITEMS_SILENCE };
        progress.tenths = progress.tenths_done();
        progress
    }

    pub fn add(&mut self, count: u64) {
        self.bar.inc(count);
        if self.bar.is_hidden() {
            self.log_tenth();
        }
    }

    fn tenths_done(&self) -> u64 {
        self.bar.position().saturating_mul(10).checked_div(self.total).unwrap_or(10)
    }

    fn log_tenth(&mut self) {
        let tenths = self.tenths_done();
        if tenths > self.tenths && self.bar.elapsed() >= self.silence {
            self.tenths = tenths;
            eprintln!("{}: {} %", self.label, tenths * 10);
        }
    }
}

/// Cleared also when an error drops it, so that the message does not end up behind the bar.
fn bar(bar: ProgressBar, template: &'static str) -> ProgressBar {
    // Only a malformed template is an error.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style.progress_chars("##.")).with_finish(ProgressFinish::AndClear)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_well_formed() {
        for template in [LOAD_TEMPLATE, BYTES_TEMPLATE, ITEMS_TEMPLATE] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}

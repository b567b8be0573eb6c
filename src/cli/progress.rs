//! Progress on standard error. indicatif draws only where that is a terminal.

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

use crate::engine::{self, LoadStage};

const LOAD_TEMPLATE: &str = "{msg} [{bar:32}] {pos}/{len}";
const BYTES_TEMPLATE: &str = "[{bar:32}] {percent:>3} %  {decimal_bytes_per_sec}  {eta} left";

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

/// Bytes of a long job. Where standard error is not a terminal, a line for every tenth replaces the bar, so that a log
/// shows that the job is alive. The bar disappears when this is dropped.
pub struct ByteProgress {
    bar: ProgressBar,
    total: u64,
    tenths: u64,
    label: &'static str,
}

impl ByteProgress {
    pub fn new(total: u64, label: &'static str) -> Self {
        Self { bar: bar(ProgressBar::new(total), BYTES_TEMPLATE), total, tenths: 0, label }
    }

    pub fn add(&mut self, bytes: u64) {
        self.bar.inc(bytes);
        if self.bar.is_hidden() {
            self.log_tenth();
        }
    }

    fn log_tenth(&mut self) {
        let tenths = self.bar.position().saturating_mul(10).checked_div(self.total).unwrap_or(10);
        if tenths > self.tenths {
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
        for template in [LOAD_TEMPLATE, BYTES_TEMPLATE] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}

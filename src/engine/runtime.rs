//! What a loaded model keeps between requests, whatever it computes.

use std::cell::{Cell, RefCell};

use super::options::{LoadOptions, Optimizations};
use super::row_budget::RowBudget;
use super::vision_cache::VisionCache;
use crate::media::SizeLimits;

/// What a loaded model keeps between requests.
pub struct Runtime {
    pub image_limits: SizeLimits,
    pub optimizations: Optimizations,
    pub budget: Cell<RowBudget>,
    pub vision_cache: RefCell<VisionCache>,
}

impl Runtime {
    pub fn new(options: &LoadOptions) -> Self {
        Self {
            image_limits: options.image_limits,
            optimizations: options.optimizations,
            budget: Cell::new(RowBudget::new(options.device_losses)),
            vision_cache: RefCell::default(),
        }
    }

    /// The most rows of the next submission.
    pub fn max_rows(&self) -> usize {
        self.budget.get().rows()
    }

    /// Learns from the time that a submission took.
    pub fn record(&self, rows: usize, ms: f64) {
        let mut budget = self.budget.get();
        budget.record(rows, ms);
        self.budget.set(budget);
    }
}

//! What a loaded model keeps between requests, whatever it computes.

use std::cell::{Cell, RefCell};

use super::options::{LoadOptions, Optimizations};
use super::row_budget::RowBudget;
use super::vision_cache::VisionCache;
use crate::media::SizeLimits;
use crate::model::VisionConfig;

/// What a loaded model keeps between requests.
pub struct Runtime {
    pub image_limits: SizeLimits,
    pub optimizations: Optimizations,
    pub budget: Cell<RowBudget>,
    pub vision_cache: RefCell<VisionCache>,
}

impl Runtime {
    /// Of a model with this tower, if it has one.
    pub fn new(options: &LoadOptions, vision: Option<&VisionConfig>) -> Self {
        let image_limits = vision.map_or(SizeLimits::QWEN3, |vision| match options.max_image_pixels {
            // A picture takes one token at least.
            Some(pixels) => vision.limits.up_to(pixels.max(vision.geometry().factor().pow(2))),
            None => vision.limits,
        });
        Self {
            image_limits,
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

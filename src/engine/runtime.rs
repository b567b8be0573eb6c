//! What a loaded model keeps between requests, whatever it computes.

use std::cell::{Cell, RefCell};

use super::options::{LoadOptions, Optimizations};
use super::row_budget::RowBudget;
use super::sweep_rows::SweepRows;
use super::vision_cache::VisionCache;
use crate::media::SizeLimits;
use crate::model::{Residency, StreamTimes, VisionConfig};

/// What a loaded model keeps between requests.
pub struct Runtime {
    pub image_limits: SizeLimits,
    pub optimizations: Optimizations,
    pub budget: Cell<RowBudget>,
    /// Of a model whose layers are not all kept on the device.
    pub sweep: Option<Cell<SweepRows>>,
    pub vision_cache: RefCell<VisionCache>,
}

impl Runtime {
    /// Of a model with this tower, if it has one.
    pub fn new(options: &LoadOptions, vision: Option<&VisionConfig>, residency: &Residency) -> Self {
        let image_limits = vision.map_or(SizeLimits::QWEN3, |vision| match options.max_image_pixels {
            // A picture takes one token at least.
            Some(pixels) => vision.limits.up_to(pixels.max(vision.geometry().factor().pow(2))),
            None => vision.limits,
        });
        Self {
            image_limits,
            optimizations: options.optimizations,
            budget: Cell::new(RowBudget::new(options.device_losses)),
            sweep: residency.is_streamed().then(Cell::default),
            vision_cache: RefCell::default(),
        }
    }

    /// The most rows of the next submission.
    pub fn max_rows(&self) -> usize {
        self.budget.get().rows()
    }

    /// The most rows that go through the layers together; none more than are submitted at once where all layers are kept.
    pub fn sweep_rows(&self) -> usize {
        self.sweep.as_ref().map_or(0, |sweep| sweep.get().rows())
    }

    /// Learns from the time that a pass through all layers took, of which `times` was spent on those that were read.
    pub fn record(&self, rows: usize, ms: f64, times: StreamTimes) {
        let mut budget = self.budget.get();
        budget.record(rows, ms);
        self.budget.set(budget);
        self.record_warm_up(rows, times);
    }

    /// Learns how long reading takes beside computing. How long a warm-up itself takes says nothing: it compiles shaders.
    pub fn record_warm_up(&self, rows: usize, times: StreamTimes) {
        if let Some(sweep) = &self.sweep {
            let mut next = sweep.get();
            next.record(rows, times);
            sweep.set(next);
        }
    }
}

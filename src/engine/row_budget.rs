//! How many rows are submitted to the device at once.

/// Rows of the first submission, when nothing is known about the device.
const FIRST_ROWS: usize = 256;
/// Fewer rows would leave the device idle and split documents, at a cost for each part.
const MIN_ROWS: usize = 256;
/// More rows would fill the device's memory.
const MAX_ROWS: usize = 4096;
/// The minimum after the device was lost many times.
const MIN_ROWS_AFTER_LOSSES: usize = 32;
/// The time that a submission should take. Cancelling waits for it and browsers kill those that take seconds, but each
/// also has a fixed cost, which should be small beside it.
const TARGET_MS: f64 = 300.0;

/// The number of rows per submission. It adapts to the time that submissions take on this device.
#[derive(Debug, Clone, Copy)]
pub struct RowBudget {
    rows: usize,
    min: usize,
    max: usize,
}

impl RowBudget {
    /// Each loss of the device halves the budget and its bounds.
    pub fn new(device_losses: u32) -> Self {
        let halved = |rows: usize| (rows >> device_losses.min(usize::BITS - 1)).max(MIN_ROWS_AFTER_LOSSES);
        Self { rows: halved(FIRST_ROWS), min: halved(MIN_ROWS), max: halved(MAX_ROWS) }
    }

    /// Rows of the next submission.
    pub fn rows(self) -> usize {
        self.rows
    }

    /// Adapts to the time of a submission. One that used less than half of the budget says too little.
    pub fn record(&mut self, rows: usize, ms: f64) {
        if rows * 2 < self.rows || ms <= 0.0 {
            return;
        }
        let target = (rows as f64 * TARGET_MS / ms) as usize;
        // At most a factor of two: another program may have caused one slow submission.
        self.rows = target.clamp(self.rows / 2, self.rows * 2).clamp(self.min, self.max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_adapts_within_bounds() {
        let mut budget = RowBudget::new(0);
        budget.record(20, 1000.0);
        assert_eq!(budget.rows(), FIRST_ROWS, "a small submission says too little");
        (0..20).for_each(|_| budget.record(budget.rows(), 10.0));
        assert_eq!(budget.rows(), MAX_ROWS);
        (0..20).for_each(|_| budget.record(budget.rows(), 9000.0));
        assert_eq!(budget.rows(), MIN_ROWS);
    }

    #[test]
    fn losses_of_the_device_halve_the_budget() {
        let mut budget = RowBudget::new(1);
        assert_eq!(budget.rows(), FIRST_ROWS / 2);
        budget.record(budget.rows(), 9000.0);
        assert_eq!(budget.rows(), MIN_ROWS / 2, "a slow submission does not make the next one larger");
        (0..20).for_each(|_| budget.record(budget.rows(), 10.0));
        assert_eq!(budget.rows(), MAX_ROWS / 2);
        assert_eq!(RowBudget::new(99).rows(), MIN_ROWS_AFTER_LOSSES);
    }
}

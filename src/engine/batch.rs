//! How many rows are computed in one submission.

/// Rows of the first submission, before anything is known of the device.
const FIRST_ROWS: usize = 256;
/// Fewer would leave a device idle, and cut documents in pieces that each have a cost of their own; more would fill its
/// memory.
const LEAST_ROWS: usize = 256;
const MOST_ROWS: usize = 4096;
/// However often a device was lost.
const FEWEST_ROWS: usize = 32;
/// A submission should take so long: an abort waits for it, browsers end those of seconds, and each has a cost of its
/// own, which is small beside this.
const TARGET_MS: f64 = 300.0;

/// The budget of rows, which follows what submissions take on this device.
#[derive(Debug, Clone, Copy)]
pub struct RowBudget {
    rows: usize,
    least: usize,
    most: usize,
}

impl RowBudget {
    /// Half as many rows for each time that the device was lost.
    pub fn new(caution: u32) -> Self {
        let halved = |rows: usize| (rows >> caution.min(usize::BITS - 1)).max(FEWEST_ROWS);
        Self { rows: halved(FIRST_ROWS), least: halved(LEAST_ROWS), most: halved(MOST_ROWS) }
    }

    /// Rows of the next submission.
    pub fn rows(self) -> usize {
        self.rows
    }

    /// Learns from a submission that used most of the budget; a small one tells nothing.
    pub fn learn(&mut self, rows: usize, ms: f64) {
        if rows * 2 < self.rows || ms <= 0.0 {
            return;
        }
        let wanted = (rows as f64 * TARGET_MS / ms) as usize;
        // By halves and doubles at most: one slow submission may be another program's doing.
        self.rows = wanted.clamp(self.rows / 2, self.rows * 2).clamp(self.least, self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_follows_the_device_within_bounds() {
        let mut budget = RowBudget::new(0);
        budget.learn(20, 1000.0);
        assert_eq!(budget.rows(), FIRST_ROWS, "a small submission tells nothing");
        (0..20).for_each(|_| budget.learn(budget.rows(), 10.0));
        assert_eq!(budget.rows(), MOST_ROWS);
        (0..20).for_each(|_| budget.learn(budget.rows(), 9000.0));
        assert_eq!(budget.rows(), LEAST_ROWS);
    }

    #[test]
    fn a_lost_device_gets_less_at_a_time() {
        let mut budget = RowBudget::new(1);
        assert_eq!(budget.rows(), FIRST_ROWS / 2);
        budget.learn(budget.rows(), 9000.0);
        assert_eq!(budget.rows(), LEAST_ROWS / 2, "a slow submission does not make the next one larger");
        (0..20).for_each(|_| budget.learn(budget.rows(), 10.0));
        assert_eq!(budget.rows(), MOST_ROWS / 2);
        assert_eq!(RowBudget::new(99).rows(), FEWEST_ROWS);
    }
}

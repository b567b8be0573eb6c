//! How many rows go through the layers together where layers are read again each time. Few of them would wait for reading,
//! many keep the first results waiting.

use crate::model::StreamTimes;

/// Before anything was measured.
const FIRST_ROWS: usize = 1024;
/// Fewer are not worth reading a model for.
const MIN_ROWS: usize = 256;
/// Their hidden states have 64 MB in a model of 8 billion weights.
const MAX_ROWS: usize = 4096;
/// The part of the time of computing that waiting may take.
const MAX_WAIT: f64 = 0.05;

/// The number of rows of the next pass through the layers.
#[derive(Debug, Clone, Copy)]
pub struct SweepRows(usize);

impl Default for SweepRows {
    fn default() -> Self {
        Self(FIRST_ROWS)
    }
}

impl SweepRows {
    /// Rows of the next pass.
    pub fn rows(self) -> usize {
        self.0
    }

    /// Learns from a pass: computing takes longer with more rows, reading does not.
    pub fn record(&mut self, rows: usize, StreamTimes { compute_ms, wait_ms }: StreamTimes) {
        if compute_ms > 0.0 {
            let wanted = rows as f64 * wait_ms / compute_ms / MAX_WAIT;
            self.0 = (wanted as usize).clamp(MIN_ROWS, MAX_ROWS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_reading_asks_for_more_rows_within_bounds() {
        let mut rows = SweepRows::default();
        rows.record(33, StreamTimes::default());
        assert_eq!(rows.rows(), FIRST_ROWS, "nothing was measured");
        rows.record(40, StreamTimes { compute_ms: 100.0, wait_ms: 50.0 });
        assert_eq!(rows.rows(), 400);
        rows.record(400, StreamTimes { compute_ms: 1000.0, wait_ms: 50.0 });
        assert_eq!(rows.rows(), 400, "as much waiting as may be");
        rows.record(33, StreamTimes { compute_ms: 5.0, wait_ms: 4000.0 });
        assert_eq!(rows.rows(), MAX_ROWS);
        rows.record(4096, StreamTimes { compute_ms: 1e6, wait_ms: 0.0 });
        assert_eq!(rows.rows(), MIN_ROWS);
    }
}

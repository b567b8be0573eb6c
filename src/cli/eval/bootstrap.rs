//! How far a mean over queries may be off.

use serde::Serialize;

/// How often the queries are drawn again.
pub const RESAMPLES: usize = 2000;
/// The part of the resamples whose means lie within an interval.
pub const LEVEL: f64 = 0.95;

/// A mean and its percentile bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MeanInterval {
    pub mean: f64,
    pub low: f64,
    pub high: f64,
}

/// The mean of the queries' values, and its interval. Equal seeds draw the same queries, for each metric and stage.
pub fn mean_interval(values: &[f64], seed: u64) -> MeanInterval {
    let count = values.len() as f64;
    let mut random = SplitMix(seed);
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| values.iter().map(|_| values[random.below(values.len())]).sum::<f64>() / count)
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - LEVEL) / 2.0;
    MeanInterval {
        mean: values.iter().sum::<f64>() / count,
        low: percentile(&means, tail),
        high: percentile(&means, 1.0 - tail),
    }
}

/// Between the two nearest values, as numpy interpolates.
fn percentile(sorted: &[f64], part: f64) -> f64 {
    let at = part * (sorted.len() - 1) as f64;
    let below = sorted[at.floor() as usize];
    below + (sorted[at.ceil() as usize] - below) * at.fract()
}

/// SplitMix64, by Sebastiano Vigna: small, and the same on every platform.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.next()) * limit as u128) >> 64) as usize
    }
}

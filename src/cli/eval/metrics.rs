//! How good the results of a query are, as trec_eval measures it.

use super::qrels::Grades;
use super::ranking::Ranking;

/// The names of the metrics, as a table and as JSON write them.
pub const METRICS: [(&str, &str); 4] =
    [("nDCG@10", "ndcg@10"), ("MRR@10", "mrr@10"), ("recall@10", "recall@10"), ("recall@100", "recall@100")];

/// The value of each of [`METRICS`].
pub type MetricValues = [f64; METRICS.len()];

/// Measures a ranking. A document is relevant if its grade is above 0, and documents without judgment are not.
pub fn measure(ranking: &Ranking, grades: &Grades) -> MetricValues {
    let gains: Vec<f64> = ranking.documents().map(|document| gain(grades.get(&document).copied())).collect();
    [ndcg(&gains, grades, 10), reciprocal_rank(&gains, 10), recall(&gains, grades, 10), recall(&gains, grades, 100)]
}

fn gain(grade: Option<i32>) -> f64 {
    f64::from(grade.unwrap_or(0).max(0))
}

/// The discounted gain beside that of the best possible ranking. The gain is the grade itself.
fn ndcg(gains: &[f64], grades: &Grades, cut: usize) -> f64 {
    let mut ideal: Vec<f64> = grades.values().map(|&grade| gain(Some(grade))).collect();
    ideal.sort_unstable_by(|a, b| b.total_cmp(a));
    let dcg = |gains: &[f64]| -> f64 {
        gains.iter().take(cut).enumerate().map(|(place, gain)| gain / (place as f64 + 2.0).log2()).sum()
    };
    ratio(dcg(gains), dcg(&ideal))
}

fn reciprocal_rank(gains: &[f64], cut: usize) -> f64 {
    gains.iter().take(cut).position(|gain| *gain > 0.0).map_or(0.0, |place| 1.0 / (place as f64 + 1.0))
}

fn recall(gains: &[f64], grades: &Grades, cut: usize) -> f64 {
    let relevant = |gains: &mut dyn Iterator<Item = f64>| gains.filter(|gain| *gain > 0.0).count() as f64;
    let all = relevant(&mut grades.values().map(|&grade| gain(Some(grade))));
    ratio(relevant(&mut gains.iter().take(cut).copied()), all)
}

/// Where nothing is relevant, trec_eval's value is 0.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

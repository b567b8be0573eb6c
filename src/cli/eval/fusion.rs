//! Joins two rankings by the ranks of their documents.

use std::collections::HashMap;

use super::ids::DocumentIds;
use super::ranking::Ranking;

/// How much the first ranks are worth beside later ones, as published with the method.
const K: f64 = 60.0;

/// Reciprocal rank fusion: a document's score is the sum of 1 / (60 + rank) over the rankings that hold it.
pub fn fuse(rankings: [&Ranking; 2], ids: &DocumentIds) -> Ranking {
    let mut scores: HashMap<usize, f64> = HashMap::new();
    for ranking in rankings {
        for (place, document) in ranking.documents().enumerate() {
            *scores.entry(document).or_default() += 1.0 / (K + place as f64 + 1.0);
        }
    }
    Ranking::new(scores.into_iter().map(|(document, score)| (document, score as f32)).collect(), usize::MAX, ids)
}

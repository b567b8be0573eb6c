//! What a stage found for a query.

use std::cmp::Ordering;

use super::ids::DocumentIds;

/// The documents that a stage found for a query, best first, in trec_eval's order: by score in single precision, and of
/// equal scores the later id first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ranking {
    results: Vec<(usize, f32)>,
}

impl Ranking {
    /// The best of what was found, at most `depth`.
    pub fn new(mut found: Vec<(usize, f32)>, depth: usize, ids: &DocumentIds) -> Self {
        let best_first = |a: &(usize, f32), b: &(usize, f32)| order(*a, *b, ids);
        if found.len() > depth {
            found.select_nth_unstable_by(depth, best_first);
            found.truncate(depth);
        }
        found.sort_unstable_by(best_first);
        Self { results: found }
    }

    /// Numbers of documents, best first.
    pub fn documents(&self) -> impl ExactSizeIterator<Item = usize> {
        self.results.iter().map(|(document, _)| *document)
    }

    /// Numbers of documents and their scores, best first.
    pub fn results(&self) -> &[(usize, f32)] {
        &self.results
    }
}

fn order(a: (usize, f32), b: (usize, f32), ids: &DocumentIds) -> Ordering {
    // Adding zero makes -0 and 0 equal.
    (b.1 + 0.0).total_cmp(&(a.1 + 0.0)).then_with(|| ids.name(b.0).cmp(ids.name(a.0)))
}

/// The results of one stage for every query.
pub struct StageRankings {
    pub name: &'static str,
    pub rankings: Vec<Ranking>,
}

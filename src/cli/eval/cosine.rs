//! Search by vectors: the cosine of every query with every document.

use super::ids::DocumentIds;
use super::ranking::Ranking;

/// Queries that are compared with a document while it is in the cache.
const QUERIES_AT_ONCE: usize = 16;
/// Sums that are kept side by side, so that the compiler uses vector instructions.
const LANES: usize = 8;

/// Vectors of queries and documents. What could not be embedded has none: it finds nothing, and is not found.
pub struct VectorPairs<'a> {
    pub queries: Vec<Option<&'a [f32]>>,
    pub documents: Vec<Option<&'a [f32]>>,
}

impl VectorPairs<'_> {
    /// The nearest documents of each query. `left_out` gives the document that a query does not find.
    pub fn search(&self, depth: usize, ids: &DocumentIds, left_out: &dyn Fn(usize) -> Option<usize>) -> Vec<Ranking> {
        let lengths: Vec<f32> = self.documents.iter().map(|vector| length(vector.unwrap_or_default())).collect();
        let mut rankings = Vec::with_capacity(self.queries.len());
        for (block, queries) in self.queries.chunks(QUERIES_AT_ONCE).enumerate() {
            for (place, found) in self.cosines(queries, &lengths).into_iter().enumerate() {
                let own = left_out(block * QUERIES_AT_ONCE + place);
                let found = found.into_iter().filter(|(document, _)| Some(*document) != own).collect();
                rankings.push(Ranking::new(found, depth, ids));
            }
        }
        rankings
    }

    fn cosines(&self, queries: &[Option<&[f32]>], lengths: &[f32]) -> Vec<Vec<(usize, f32)>> {
        let queries: Vec<(&[f32], f32)> =
            queries.iter().map(|query| query.unwrap_or_default()).map(|query| (query, length(query))).collect();
        let mut found = vec![Vec::new(); queries.len()];
        for (document, (vector, document_length)) in self.documents.iter().zip(lengths).enumerate() {
            let Some(vector) = vector else { continue };
            for (&(query, query_length), found) in
                queries.iter().zip(&mut found).filter(|(query, _)| !query.0.is_empty())
            {
                let product = query_length * document_length;
                let cosine = if product > 0.0 { dot(query, vector) / product } else { 0.0 };
                found.push((document, cosine));
            }
        }
        found
    }
}

fn length(vector: &[f32]) -> f32 {
    dot(vector, vector).sqrt()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, b) = (a.chunks(LANES), b.chunks(LANES));
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

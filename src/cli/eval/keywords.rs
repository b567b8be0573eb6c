//! Keyword search: BM25 over the words of titles and texts.

use std::collections::HashMap;

use super::collection::Collection;
use super::ranking::Ranking;
use super::words::words;
use crate::cli::progress::JobProgress;

const K1: f64 = 1.2;
const B: f64 = 0.75;

/// The best documents of each query. `left_out` gives the document that a query does not find.
pub fn search_keywords(
    collection: &Collection,
    depth: usize,
    left_out: &dyn Fn(usize) -> Option<usize>,
) -> Vec<Ranking> {
    let index = QueryTermIndex::new(collection);
    let search = |(query, terms): (usize, &Vec<usize>)| {
        let mut found = index.score(terms);
        found.retain(|(document, _)| Some(*document) != left_out(query));
        Ranking::new(found, depth, &collection.ids)
    };
    index.queries.iter().enumerate().map(search).collect()
}

/// Where the words of the queries occur. All queries are known, so no other words are kept.
struct QueryTermIndex {
    /// The words of each query, in order and with repetitions.
    queries: Vec<Vec<usize>>,
    /// For each word the documents that have it, and how often.
    postings: Vec<Vec<(usize, u32)>>,
    /// The words of each document.
    lengths: Vec<usize>,
}

impl QueryTermIndex {
    fn new(collection: &Collection) -> Self {
        let mut terms: HashMap<String, usize> = HashMap::new();
        let mut number = |word: String| {
            let next = terms.len();
            *terms.entry(word).or_insert(next)
        };
        let queries: Vec<Vec<usize>> = collection
            .queries
            .iter()
            .map(|query| words(&query.entry.text).into_iter().map(&mut number).collect())
            .collect();
        let mut index = Self { queries, postings: vec![Vec::new(); terms.len()], lengths: Vec::new() };
        let mut progress = JobProgress::items(collection.documents.len() as u64, 0, "keywords");
        for (document, entry) in collection.documents.iter().enumerate() {
            index.add(document, &words(&entry.text), &terms);
            progress.add(1);
        }
        index
    }

    fn add(&mut self, document: usize, words: &[String], terms: &HashMap<String, usize>) {
        self.lengths.push(words.len());
        for &term in words.iter().filter_map(|word| terms.get(word)) {
            match self.postings[term].last_mut() {
                Some((last, count)) if *last == document => *count += 1,
                _ => self.postings[term].push((document, 1)),
            }
        }
    }

    /// The documents with any of the terms. A term that a query repeats counts as often.
    fn score(&self, terms: &[usize]) -> Vec<(usize, f32)> {
        let count = self.lengths.len() as f64;
        let average = self.lengths.iter().sum::<usize>() as f64 / count;
        let mut scores: HashMap<usize, f64> = HashMap::new();
        for &term in terms {
            let having = self.postings[term].len() as f64;
            let rarity = (1.0 + (count - having + 0.5) / (having + 0.5)).ln();
            for &(document, times) in &self.postings[term] {
                let (times, length) = (f64::from(times), self.lengths[document] as f64);
                let saturation = times / (times + K1 * (1.0 - B + B * length / average));
                *scores.entry(document).or_default() += rarity * saturation;
            }
        }
        scores.into_iter().map(|(document, score)| (document, score as f32)).collect()
    }
}

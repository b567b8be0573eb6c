//! A collection with judged queries, in BEIR's layout.

use std::collections::HashMap;
use std::path::Path;

use super::entries::{CollectionEntry, read_entries};
use super::error::{EvalError, LineFault};
use super::ids::DocumentIds;
use super::qrels::{Grades, read_qrels};

/// A collection with judged queries.
pub struct Collection {
    pub documents: Vec<CollectionEntry>,
    /// Of the documents, in the same order, and of others that only judgments and runs name.
    pub ids: DocumentIds,
    /// The queries with judgments, in the order of their file.
    pub queries: Vec<JudgedQuery>,
}

/// A query and its judgments.
pub struct JudgedQuery {
    pub id: String,
    pub entry: CollectionEntry,
    pub grades: Grades,
}

impl Collection {
    /// Reads the three files.
    pub fn read(corpus: &Path, queries: &Path, qrels: &Path) -> Result<Self, EvalError> {
        let (mut documents, mut ids) = (Vec::new(), DocumentIds::default());
        read_entries(corpus, |id, entry| {
            ids.add(&id).ok_or(LineFault::DuplicateId(id))?;
            documents.push(entry);
            Ok(())
        })?;
        if documents.is_empty() {
            return Err(EvalError::Empty { path: corpus.to_owned(), what: "documents" });
        }
        let (asked, numbers) = read_queries(queries)?;
        let grades = read_qrels(qrels, &numbers, &mut ids)?;
        let judged = asked.into_iter().zip(grades).filter(|(_, grades)| !grades.is_empty());
        let queries = judged.map(|((id, entry), grades)| JudgedQuery { id, entry, grades }).collect();
        Ok(Self { documents, ids, queries })
    }

    /// How many judgments there are, and how many of them are of documents that the corpus does not have.
    pub fn count_judgments(&self) -> (usize, usize) {
        let judged = self.queries.iter().flat_map(|query| query.grades.keys());
        judged.fold((0, 0), |(all, missing), &document| (all + 1, missing + usize::from(!self.holds(document))))
    }

    /// Whether a document is in the corpus.
    pub fn holds(&self, document: usize) -> bool {
        document < self.documents.len()
    }

    /// The document with a query's own id, which BEIR leaves out of the results: where queries are documents of the corpus,
    /// each would find itself.
    pub fn own_document(&self, query: &JudgedQuery) -> Option<usize> {
        self.ids.number(&query.id).filter(|&document| self.holds(document))
    }

    /// How that document was judged.
    pub fn own_grade(&self, query: &JudgedQuery) -> i32 {
        self.own_document(query).and_then(|document| query.grades.get(&document)).copied().unwrap_or(0)
    }
}

type IdentifiedEntries = Vec<(String, CollectionEntry)>;

fn read_queries(path: &Path) -> Result<(IdentifiedEntries, HashMap<String, usize>), EvalError> {
    let (mut asked, mut numbers) = (Vec::new(), HashMap::new());
    read_entries(path, |id, entry| {
        if entry.text.is_empty() && entry.pictures.is_empty() {
            return Err(LineFault::NoContent);
        }
        if numbers.insert(id.clone(), asked.len()).is_some() {
            return Err(LineFault::DuplicateId(id));
        }
        asked.push((id, entry));
        Ok(())
    })?;
    match asked.is_empty() {
        true => Err(EvalError::Empty { path: path.to_owned(), what: "queries" }),
        false => Ok((asked, numbers)),
    }
}

//! Judgments: which documents answer which queries, and how well.

use std::collections::HashMap;
use std::path::Path;

use super::error::{EvalError, LineFault};
use super::ids::DocumentIds;
use super::lines::{columns, for_each_line};

/// The grades of a query's judged documents, by number.
pub type Grades = HashMap<usize, i32>;

/// Last columns that are a heading.
const HEADINGS: [&str; 4] = ["score", "relevance", "rel", "label"];
const LAYOUTS: &str =
    "a line has 3 (query, document, relevance) or TREC's 4 (query, 0, document, relevance), the same on every line";

/// The grades by query. `queries` gives the number of each query.
pub fn read_qrels(
    path: &Path,
    queries: &HashMap<String, usize>,
    ids: &mut DocumentIds,
) -> Result<Vec<Grades>, EvalError> {
    let mut grades = vec![Grades::new(); queries.len()];
    let mut layout = None;
    let mut is_first_line = true;
    for_each_line(path, |_, line| {
        let columns = columns(line);
        let expected = *layout.get_or_insert(columns.len());
        let (query, document, relevance) = match *columns.as_slice() {
            [query, document, relevance] if expected == 3 => (query, document, relevance),
            [query, _, document, relevance] if expected == 4 => (query, document, relevance),
            _ => return Err(LineFault::Columns { found: columns.len(), expected: LAYOUTS }),
        };
        if std::mem::take(&mut is_first_line) && HEADINGS.contains(&relevance.to_lowercase().as_str()) {
            return Ok(());
        }
        let number = *queries.get(query).ok_or_else(|| LineFault::UnknownQuery(query.to_owned()))?;
        let grade = parse_grade(relevance).ok_or_else(|| LineFault::Grade(relevance.to_owned()))?;
        match grades[number].insert(ids.number_or_add(document), grade) {
            Some(before) if before != grade => {
                Err(LineFault::Contradiction { query: query.to_owned(), document: document.to_owned() })
            }
            _ => Ok(()),
        }
    })?;
    match grades.iter().all(HashMap::is_empty) {
        true => Err(EvalError::Empty { path: path.to_owned(), what: "judgments" }),
        false => Ok(grades),
    }
}

/// Some collections write whole numbers with a point.
fn parse_grade(text: &str) -> Option<i32> {
    let (digits, fraction) = text.split_once('.').unwrap_or((text, ""));
    digits.parse().ok().filter(|_| fraction.bytes().all(|digit| digit == b'0'))
}

//! Runs in TREC's format: query, Q0, document, rank, score, name.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::collection::Collection;
use super::error::{EvalError, LineFault};
use super::lines::{columns, for_each_line};
use super::ranking::{Ranking, StageRankings};

const LAYOUT: &str = "a line of a TREC run has 6 (query, Q0, document, rank, score, name)";

/// What another system found, for the judged queries. Like trec_eval, goes by scores and not by ranks. Documents that the
/// corpus does not have are refused if a model is to read them.
pub fn read_run(path: &Path, collection: &mut Collection, read_by_models: bool) -> Result<Vec<Ranking>, EvalError> {
    let numbers: HashMap<String, usize> =
        collection.queries.iter().enumerate().map(|(number, query)| (query.id.clone(), number)).collect();
    let mut found: Vec<Vec<(usize, f32)>> = vec![Vec::new(); numbers.len()];
    let mut seen = HashSet::new();
    for_each_line(path, |_, line| {
        let columns = columns(line);
        let [query, _, document, _, score, _] = *columns.as_slice() else {
            return Err(LineFault::Columns { found: columns.len(), expected: LAYOUT });
        };
        // Like trec_eval: read in double precision, kept in single.
        let parsed = score.parse::<f64>().ok().map(|score| score as f32).filter(|score| score.is_finite());
        let parsed = parsed.ok_or_else(|| LineFault::Score(score.to_owned()))?;
        // Runs often answer more queries than were judged.
        let Some(&number) = numbers.get(query) else { return Ok(()) };
        let result = collection.ids.number_or_add(document);
        if read_by_models && !collection.holds(result) {
            return Err(LineFault::UnknownDocument(document.to_owned()));
        }
        if !seen.insert((number, result)) {
            return Err(LineFault::DuplicateResult { query: query.to_owned(), document: document.to_owned() });
        }
        found[number].push((result, parsed));
        Ok(())
    })?;
    if seen.is_empty() {
        return Err(EvalError::Empty { path: path.to_owned(), what: "results of judged queries" });
    }
    Ok(found.into_iter().map(|found| Ranking::new(found, usize::MAX, &collection.ids)).collect())
}

/// Writes a stage to `NAME.trec` in a folder.
pub fn write_run(folder: &Path, stage: &StageRankings, collection: &Collection) -> Result<(), EvalError> {
    let path = folder.join(format!("{}.trec", stage.name));
    let written = File::create(&path).and_then(|file| write_lines(BufWriter::new(file), stage, collection));
    written.map_err(|e| EvalError::write(&path, e))
}

fn write_lines(mut out: impl Write, stage: &StageRankings, collection: &Collection) -> io::Result<()> {
    for (query, ranking) in collection.queries.iter().zip(&stage.rankings) {
        for (place, (document, score)) in ranking.results().iter().enumerate() {
            let (query, document, rank) = (&query.id, collection.ids.name(*document), place + 1);
            writeln!(out, "{query} Q0 {document} {rank} {score} secondpass-{}", stage.name)?;
        }
    }
    out.flush()
}

/// Refuses ids that would be read as two columns.
pub fn check_ids(collection: &Collection) -> Result<(), EvalError> {
    let queries = collection.queries.iter().map(|query| query.id.as_str());
    match queries.chain(collection.ids.names()).find(|id| id.contains(char::is_whitespace)) {
        Some(id) => Err(EvalError::IdNotForRuns { id: id.to_owned() }),
        None => Ok(()),
    }
}

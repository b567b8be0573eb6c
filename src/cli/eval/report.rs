//! The figures of all stages: a table for people, JSON for machines, TREC runs for other tools.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::bootstrap::{LEVEL, MeanInterval, RESAMPLES, mean_interval};
use super::collection::Collection;
use super::error::EvalError;
use super::metrics::{METRICS, MetricValues, measure};
use super::ranking::StageRankings;
use super::trec_run::{check_ids, write_run};

/// Where results are written, beside the table on standard output.
pub struct ReportFiles {
    pub json: Option<PathBuf>,
    pub runs: Option<PathBuf>,
}

/// The figures of the stages so far.
pub struct EvalReport<'a> {
    files: &'a ReportFiles,
    seed: u64,
    stages: Vec<Value>,
    warnings: Vec<String>,
}

impl<'a> EvalReport<'a> {
    /// Finds out what cannot be written before hours of computing.
    pub fn new(files: &'a ReportFiles, seed: u64, collection: &Collection) -> Result<Self, EvalError> {
        if let Some(folder) = &files.runs {
            check_ids(collection)?;
            std::fs::create_dir_all(folder).map_err(|e| EvalError::write(folder, e))?;
        }
        if let Some(path) = &files.json {
            write_json(path, &Value::Null)?;
        }
        Ok(Self { files, seed, stages: Vec::new(), warnings: Vec::new() })
    }

    /// Measures a stage, prints its row and writes its run.
    pub fn add(&mut self, stage: &StageRankings, collection: &Collection) -> Result<(), EvalError> {
        let judged = collection.queries.iter().zip(&stage.rankings);
        let values: Vec<MetricValues> = judged.map(|(query, ranking)| measure(ranking, &query.grades)).collect();
        let of_metric = |metric: usize| values.iter().map(|values| values[metric]).collect::<Vec<f64>>();
        let means: Vec<MeanInterval> =
            (0..METRICS.len()).map(|metric| mean_interval(&of_metric(metric), self.seed)).collect();
        if self.stages.is_empty() {
            println!("{}", heading());
        }
        println!("{}", row(stage.name, &means));
        let by_query = collection.queries.iter().zip(&values).map(|(query, values)| (query.id.clone(), named(values)));
        self.stages.push(json!({
            "name": stage.name,
            "metrics": named(&means),
            "queries": by_query.collect::<Map<_, _>>(),
        }));
        self.files.runs.as_ref().map_or(Ok(()), |folder| write_run(folder, stage, collection))
    }

    /// Something that the figures do not show.
    pub fn warn(&mut self, warning: String) {
        eprintln!("{warning}");
        self.warnings.push(warning);
    }

    /// Writes the JSON, with what else is to be said of the run.
    pub fn finish(self, mut about: Map<String, Value>) -> Result<(), EvalError> {
        let Some(path) = &self.files.json else { return Ok(()) };
        about.insert("bootstrap".to_owned(), json!({ "resamples": RESAMPLES, "level": LEVEL, "seed": self.seed }));
        about.insert("stages".to_owned(), self.stages.into());
        about.insert("warnings".to_owned(), self.warnings.into());
        write_json(path, &about.into())
    }
}

fn write_json(path: &Path, value: &Value) -> Result<(), EvalError> {
    std::fs::write(path, format!("{value:#}\n")).map_err(|e| EvalError::write(path, e))
}

fn named<T: serde::Serialize>(values: &[T]) -> Value {
    METRICS
        .iter()
        .zip(values)
        .map(|((_, name), value)| ((*name).to_owned(), json!(value)))
        .collect::<Map<_, _>>()
        .into()
}

fn heading() -> String {
    let names: String = METRICS.iter().map(|(name, _)| format!("  {name:<22}")).collect();
    format!("{:<10}{names}", "stage").trim_end().to_owned()
}

fn row(stage: &str, means: &[MeanInterval]) -> String {
    let cell = |MeanInterval { mean, low, high }: &MeanInterval| format!("  {mean:.4} ({low:.4}-{high:.4})");
    let cells: String = means.iter().map(cell).collect();
    format!("{stage:<10}{cells}")
}

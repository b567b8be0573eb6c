//! `secondpass eval`

mod args;
mod bootstrap;
mod collection;
mod content_key;
mod cosine;
mod entries;
mod error;
mod fusion;
mod ids;
mod keywords;
mod lines;
mod metrics;
mod omissions;
mod qrels;
mod ranking;
mod record_log;
mod recorder;
mod report;
mod reranking;
mod stages;
mod store;
mod trec_run;
mod vectors;
mod words;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use self::collection::Collection;
use self::ranking::Ranking;
use self::report::{EvalReport, ReportFiles};
use self::stages::StageRunner;
use super::error::CliError;
use super::model::ModelPath;
use super::pictures::FilePictures;

pub use args::EvalArgs;
pub use error::EvalError;

pub async fn run(args: EvalArgs) -> Result<(), CliError> {
    // Wrong paths of models are said before anything is read.
    let embedder = model_path(args.embedder.as_deref(), args.embedder_vision.as_deref())?;
    let reranker = model_path(args.model.as_deref(), args.vision.as_deref())?;
    let collection = Collection::read(&args.corpus, &args.queries, &args.qrels)?;
    let pictures = FilePictures::within(PathBuf::new(), args.compute.decoding());
    let mut runner = StageRunner { args: &args, collection, pictures };
    let first = runner.first()?;
    let files = ReportFiles { json: args.json.clone(), runs: args.run_out.clone() };
    let mut report = EvalReport::new(&files, args.seed, &runner.collection)?;
    let mut about = describe(&runner.collection, &first.rankings, args.keep_own_id, &mut report);
    report.add(&first, &runner.collection)?;
    let (mut last, mut shared) = (first, None);
    if let Some(embedder) = embedder {
        let (vectors, model, trunk) = runner.vectors(&embedder, &mut report).await?;
        shared = args.is_one_model().then_some(trunk);
        about.insert("embedder".to_owned(), model);
        report.add(&vectors, &runner.collection)?;
        last = runner.fused(&last, &vectors);
        report.add(&last, &runner.collection)?;
    }
    if let Some(reranker) = reranker {
        let (reranked, model) = runner.reranked(&last, &reranker, shared, &mut report).await?;
        about.insert("reranker".to_owned(), model);
        report.add(&reranked, &runner.collection)?;
    }
    Ok(report.finish(about)?)
}

fn model_path(model: Option<&Path>, vision: Option<&Path>) -> Result<Option<ModelPath>, CliError> {
    model.map(|model| ModelPath::new(model, vision)).transpose().map_err(CliError::ModelPath)
}

/// The sizes of the collection, and warnings of what makes figures lower than they might be expected.
fn describe(
    collection: &Collection,
    first: &[Ranking],
    keep_own_id: bool,
    report: &mut EvalReport<'_>,
) -> Map<String, Value> {
    let (documents, queries) = (collection.documents.len(), collection.queries.len());
    let (judgments, missing) = collection.count_judgments();
    println!("{documents} documents, {queries} judged queries, {judgments} judgments");
    if missing > 0 {
        report.warn(format!("{missing} judgments are of documents that the corpus does not have"));
    }
    let unanswered = first.iter().filter(|ranking| ranking.results().is_empty()).count();
    if unanswered > 0 {
        report.warn(format!("{unanswered} queries find nothing in the first stage, and count as 0"));
    }
    let own = collection.queries.iter().filter(|query| collection.own_grade(query) > 0).count();
    if own > 0 && !keep_own_id {
        report.warn(format!(
            "{own} queries are answered by a document of the same id, which is left out as in BEIR; --keep-own-id finds it"
        ));
    }
    let sizes = json!({ "documents": documents, "queries": queries, "judgments": judgments });
    Map::from_iter([("collection".to_owned(), sizes)])
}

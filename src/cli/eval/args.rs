//! The arguments of `secondpass eval`, and what they mean.

use std::path::PathBuf;

use crate::api::MAX_DOCUMENTS;
use crate::cli::prompt_args::PromptArgs;
use crate::cli::run_args::ComputeArgs;

const EXAMPLES: &str = r#"Examples:
  secondpass eval --corpus scifact/corpus.jsonl --queries scifact/queries.jsonl --qrels scifact/qrels/test.tsv
  secondpass eval --corpus corpus.jsonl --queries queries.jsonl --qrels test.tsv \
    --embedder all-MiniLM-L6-v2 --model ms-marco-MiniLM-L6-v2 --state state --json figures.json --run-out runs
  secondpass eval --corpus corpus.jsonl --queries queries.jsonl --qrels test.tsv \
    --candidates bm25.trec --model Qwen3-Reranker-0.6B --top 50

The collection, in BEIR's layout:
  corpus.jsonl    {"_id": "d1", "title": "Mars", "text": "The red planet.", "image": "pictures/mars.jpg"} on each line;
                  only _id and one of the others are needed, and image is a path beside the file, a URL, or several
  queries.jsonl   {"_id": "q1", "text": "Which planet is red?"} on each line
  test.tsv        query-id, corpus-id and score in columns with tabs, with or without that heading; or TREC's four
                  columns. Every query with a judgment counts, and no other.

The stages, each a row of the table:
  keywords    BM25 (k1 1.2, b 0.75) over title and text. Words are runs of letters and digits in lower case, pairs of
              characters in scripts without spaces; nothing is stemmed and no word left out.
  candidates  instead of keywords, what another system found (--candidates).
  vectors     with --embedder: the cosine with every document, exact.
  fused       both, by reciprocal rank (k 60).
  reranked    with --model: the first --top results of the last row above, ordered by the reranker. The others keep their
              places behind them.

nDCG@10 (with graded gains), MRR@10 and recall are those of trec_eval, over all judged queries: one that finds nothing
counts as 0. In brackets is the 95 % interval of the mean, by bootstrap over the queries. As in BEIR, keywords and vectors do
not find a document with the query's own id (--keep-own-id).

With --state, vectors and scores are kept as they are computed: a run that was stopped goes on where it was, and one with
another reranker reuses the vectors. They belong to a model's name, size and settings.

Results go to standard output, progress and warnings to standard error."#;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct EvalArgs {
    /// Documents
    #[arg(long, value_name = "FILE")]
    pub corpus: PathBuf,
    /// Queries
    #[arg(long, value_name = "FILE")]
    pub queries: PathBuf,
    /// Judgments: which documents answer which queries
    #[arg(long, value_name = "FILE")]
    pub qrels: PathBuf,
    /// What another system found, a TREC run, instead of our keyword search
    #[arg(long, value_name = "FILE")]
    pub candidates: Option<PathBuf>,
    /// Embedding model, as in secondpass embed --model
    #[arg(long, value_name = "DIR|FILE|URL")]
    pub embedder: Option<PathBuf>,
    /// Vision tower (mmproj) of a GGUF embedding model
    #[arg(long, value_name = "FILE|URL", requires = "embedder")]
    pub embedder_vision: Option<PathBuf>,
    /// Task in one sentence, or words before a query, instead of the embedding model's own
    #[arg(long, value_name = "TEXT", requires = "embedder")]
    pub embedder_instruction: Option<String>,
    #[command(flatten)]
    pub prompts: PromptArgs,
    /// Values that are kept of each vector, of a model that was trained for it
    #[arg(long, value_name = "N", requires = "embedder", value_parser = clap::value_parser!(u32).range(1..))]
    pub dimensions: Option<u32>,
    /// Reranker, as in secondpass rerank --model. Where it is the embedding model too, it is loaded once
    #[arg(long, value_name = "DIR|FILE|URL")]
    pub model: Option<PathBuf>,
    /// Vision tower (mmproj) of a GGUF reranker
    #[arg(long, value_name = "FILE|URL", requires = "model")]
    pub vision: Option<PathBuf>,
    /// Task in one sentence, instead of the reranker's own
    #[arg(long, value_name = "TEXT", requires = "model")]
    pub instruction: Option<String>,
    /// Results of each query that are reranked
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=MAX_DOCUMENTS as i64))]
    pub top: u32,
    /// Results of each query that keywords and vectors find at most
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub depth: u32,
    /// Find documents that have the query's own id, which BEIR leaves out
    #[arg(long)]
    pub keep_own_id: bool,
    /// Folder in which vectors and scores are kept, and from which a stopped run goes on
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// File for all figures, those of each query too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Folder for the results of each stage as a TREC run
    #[arg(long, value_name = "DIR")]
    pub run_out: Option<PathBuf>,
    /// Seed of the bootstrap
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    #[command(flatten)]
    pub compute: ComputeArgs,
    /// Fail if any text or picture cannot be read, instead of doing without it
    #[arg(long)]
    pub strict: bool,
}

impl EvalArgs {
    /// Whether embedder and reranker are the same files.
    pub(super) fn is_one_model(&self) -> bool {
        (&self.model, &self.vision) == (&self.embedder, &self.embedder_vision)
    }
}

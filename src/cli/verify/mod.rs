//! `secondpass verify`

mod catalogue;
mod error;
mod goldens;
mod report;
mod runner;

use std::path::{Path, PathBuf};

use self::goldens::{GoldenCase, published_scores, read_goldens};
use self::report::{CaseOutcome, table, verdict};
use self::runner::CaseRunner;
use super::error::CliError;
use super::model::ModelPath;
use super::pictures::FilePictures;
use crate::engine::{self, Engine, LoadOptions, Manifest, ModelLocation, Observer};
use crate::media::DecodeOptions;
use crate::model::ModelConfig;
use crate::prompt::Prompter;

pub use error::VerifyError;

const EXAMPLES: &str = r#"Examples:
  secondpass verify --model Qwen3-Reranker-0.6B
  secondpass verify --model Qwen3-Reranker-0.6B --ids-only
  secondpass verify --model models/ms-marco-MiniLM-L6-v2
  secondpass verify --model models/mine --as cross-encoder/ms-marco-MiniLM-L6-v2
  echo '{"text": [{"query": "capital of China", "document": "Beijing", "n_tokens": 76}]}' > goldens.json
  secondpass verify --model Qwen3-Reranker-0.6B --goldens goldens.json --images pictures

A few short published results are built in: token counts and ids for every size of Qwen3-Reranker and
Qwen3-VL-Reranker, scores for Qwen3-Reranker-0.6B and Qwen3-VL-Reranker-2B, and four scores for most encoders of the
catalogue. An encoder's checkpoint is recognized by the name of its folder; --as names it otherwise. A golden file adds
more:
  {"text":  [{"query": …, "document": …, "instruction": …, "n_tokens": …, "ids_sha256": …, "score": …}],
   "image": [{"query": …, "image": …,    "instruction": …, "n_tokens": …, "ids_sha256": …, "score": …}]}
Only query is required, and what a case does not give is not compared. ids_sha256 is the SHA-256 of the prompt's token
ids in decimal, joined with commas; score is what the model's authors publish (raw_scores).

With --ids-only, a folder needs no weights: config.json and tokenizer.json are enough.

Exit status: 0 if everything agrees; 1 if something differs or could not be run."#;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct VerifyArgs {
    /// Model: a Hugging Face folder or a .gguf file, local or at a URL
    #[arg(long, value_name = "DIR|FILE|URL")]
    model: PathBuf,
    /// Vision tower (mmproj) of a GGUF vision model
    #[arg(long, value_name = "FILE|URL")]
    vision: Option<PathBuf>,
    /// The published checkpoint that the model is, if its folder has another name
    #[arg(long = "as", value_name = "OWNER/NAME")]
    checkpoint: Option<String>,
    /// Golden file: further published results
    #[arg(long, value_name = "FILE|URL")]
    goldens: Option<PathBuf>,
    /// Folder of the golden file's pictures; by default images/ beside the file
    #[arg(long, value_name = "DIR|URL", requires = "goldens")]
    images: Option<PathBuf>,
    /// Compare token ids and counts only, without loading weights
    #[arg(long)]
    ids_only: bool,
}

pub async fn run(args: VerifyArgs) -> Result<(), CliError> {
    let mut goldens = published_scores(&args.model, args.checkpoint.as_deref())?;
    if args.ids_only {
        // They have nothing but scores.
        goldens.clear();
    }
    if let Some(path) = &args.goldens {
        goldens.extend(read_goldens(path).await?);
    }
    let pictures = FilePictures::within(picture_folder(&args), DecodeOptions::default());
    let model = ModelPath::new(&args.model, args.vision.as_deref()).map_err(CliError::ModelPath)?;
    let outcomes = match args.ids_only {
        true => compare_ids(&model.location(), &pictures, &goldens).await?,
        false => compare_scores(&model.location(), &pictures, &goldens).await?,
    };
    print!("{}", table(&outcomes));
    println!("{}", verdict(&outcomes)?);
    Ok(())
}

fn picture_folder(args: &VerifyArgs) -> PathBuf {
    let beside = || args.goldens.as_deref().unwrap_or(Path::new(".")).with_file_name("images");
    args.images.clone().unwrap_or_else(beside)
}

async fn compare_ids(
    location: &ModelLocation<'_>,
    pictures: &FilePictures,
    goldens: &[GoldenCase],
) -> Result<Vec<CaseOutcome>, CliError> {
    let (config, prompter) = open_without_weights(location).await?;
    let runner = CaseRunner { prompter: &prompter, vision: config.vision(), engine: None, pictures };
    Ok(runner.run_all(&config, goldens).await)
}

async fn compare_scores(
    location: &ModelLocation<'_>,
    pictures: &FilePictures,
    goldens: &[GoldenCase],
) -> Result<Vec<CaseOutcome>, CliError> {
    let engine = Engine::load_from(location, LoadOptions::cpu(), &Observer::silent()).await?;
    let (config, prompter) = (engine.model().config(), engine.prompter());
    let runner = CaseRunner { prompter, vision: config.vision(), engine: Some(&engine), pictures };
    Ok(runner.run_all(config, goldens).await)
}

/// The configuration and the prompts, for which a folder need not hold weights.
async fn open_without_weights(location: &ModelLocation<'_>) -> Result<(ModelConfig, Prompter), CliError> {
    let manifest = Manifest::open(location).await.map_err(engine::Error::from)?;
    Ok(manifest.read_prompter(&Observer::silent()).await?)
}

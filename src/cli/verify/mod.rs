//! `secondpass verify`

mod error;
mod goldens;
mod report;
mod runner;

use std::path::{Path, PathBuf};

use self::goldens::{GoldenCase, read_goldens};
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
  echo '{"text": [{"query": "capital of China", "document": "Beijing", "n_tokens": 76}]}' > goldens.json
  secondpass verify --model Qwen3-Reranker-0.6B --goldens goldens.json --images pictures

A few short published results are built in: token counts and ids for every size of a family, scores for
Qwen3-Reranker-0.6B and Qwen3-VL-Reranker-2B. A golden file adds more:
  {"text":  [{"query": …, "document": …, "instruction": …, "n_tokens": …, "ids_sha256": …, "score": …}],
   "image": [{"query": …, "image": …,    "instruction": …, "n_tokens": …, "ids_sha256": …, "score": …}]}
Only query and n_tokens are required. ids_sha256 is the SHA-256 of the prompt's token ids in decimal, joined with commas.

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
    let goldens = match &args.goldens {
        Some(path) => read_goldens(path).await?,
        None => Vec::new(),
    };
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

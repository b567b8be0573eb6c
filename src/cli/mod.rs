//! The native command.

mod convert;
mod embed;
mod error;
mod eval;
mod inspect;
mod model;
mod pictures;
mod progress;
mod prompt_args;
mod rerank;
mod run_args;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::error::CliError;

pub use pictures::FilePictures;

const GETTING_STARTED: &str = r#"Getting started, with the hf command of Python's huggingface_hub:
  hf download Qwen/Qwen3-Reranker-0.6B --local-dir Qwen3-Reranker-0.6B
  secondpass inspect Qwen3-Reranker-0.6B
  echo '{"query": "capital of China", "documents": ["Beijing", "Paris"]}' | secondpass rerank --model Qwen3-Reranker-0.6B --request -
  secondpass convert Qwen3-Reranker-0.6B --type q8_0 --out models

Results go to standard output, progress and errors to standard error.
Exit status: 0 success, 1 failure, 2 unknown or invalid arguments."#;

/// Reranks search results with cross-encoders, and finds candidates with embeddings.
#[derive(Parser)]
#[command(name = "secondpass", version, about, arg_required_else_help = true, after_help = GETTING_STARTED)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Score documents against a query; prints the response of /v1/rerank as JSON
    Rerank(rerank::RerankArgs),
    /// Turn texts and pictures into vectors; prints the response of /v1/embeddings as JSON
    Embed(embed::EmbedArgs),
    /// Show what the files of a model hold, and whether the model will run
    Inspect(inspect::InspectArgs),
    /// Convert a Hugging Face model to GGUF: Q4_0, Q8_0, F16 or F32
    Convert(convert::ConvertArgs),
    /// Compare token ids and scores with published results
    Verify(verify::VerifyArgs),
    /// Measure how well a collection is searched: keywords, vectors, both, reranked
    Eval(Box<eval::EvalArgs>),
}

/// Runs the command line. The exit status is 0 for success, 1 for a failure and 2 for invalid arguments.
pub fn main() -> ExitCode {
    match pollster::block_on(run(Cli::parse().command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("secondpass: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), CliError> {
    match command {
        Command::Rerank(args) => rerank::run(args).await,
        Command::Embed(args) => embed::run(args).await,
        Command::Inspect(args) => inspect::run(args).await,
        Command::Convert(args) => Ok(convert::run(args).await?),
        Command::Verify(args) => verify::run(args).await,
        Command::Eval(args) => eval::run(*args).await,
    }
}

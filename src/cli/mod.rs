//! The native command.

mod convert;
mod inspect;
mod model;
mod pictures;
mod rerank;
mod verify;

use clap::{Parser, Subcommand};

pub use pictures::FilePictures;

/// Reranks search results with Qwen3 cross-encoders.
#[derive(Parser)]
#[command(name = "secondpass", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Score the documents of a request against its query; prints the response JSON on stdout
    Rerank(rerank::Args),
    /// Say what a model's files hold, and whether they will run
    Inspect(inspect::Args),
    /// Write a model as GGUF, in 4 or 8 bits or in F16
    Convert(convert::Args),
    /// Compare a real model with its published results
    Verify(verify::Args),
}

/// Runs the command line and gives the exit status: 0 done, 1 failed, 2 not understood.
pub fn main() -> std::process::ExitCode {
    let command = Cli::parse().command;
    let work = async {
        match command {
            Command::Rerank(args) => rerank::run(args).await,
            Command::Inspect(args) => inspect::run(args).await,
            Command::Convert(args) => convert::run(args).await,
            Command::Verify(args) => verify::run(args).await,
        }
    };
    match pollster::block_on(work) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("secondpass: {message}");
            std::process::ExitCode::FAILURE
        }
    }
}

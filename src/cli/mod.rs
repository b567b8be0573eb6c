//! The native command.

mod model;
mod pictures;
mod rerank;

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
}

/// Runs the command line and gives the exit status: 0 done, 1 failed, 2 not understood.
pub fn main() -> std::process::ExitCode {
    let Command::Rerank(args) = Cli::parse().command;
    match pollster::block_on(rerank::run(args)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("secondpass: {message}");
            std::process::ExitCode::FAILURE
        }
    }
}

//! `secondpass convert`

mod copy;
mod metadata;
mod open;
mod output;
mod plan;
mod progress;
mod report;
mod size;
mod split;
mod tokens;

#[cfg(test)]
mod tests;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;

use self::copy::{CopyError, PIECE_VALUES, copy};
use self::output::{Output, write_failed};
use self::plan::{FilePlan, plan};
use self::progress::Progress;
use crate::weights::gguf::GgufWriter;
use crate::weights::{Checkpoint, DType};

const EXAMPLES: &str = "Examples:
  secondpass convert Qwen3-Reranker-0.6B --type q8_0 --out models
  secondpass convert Qwen3-VL-Reranker-2B --type q4_0 --out models --split-max-size 512M

The first writes models/Qwen3-Reranker-0.6B-Q8_0.gguf. A model that sees gets a second file, for its vision tower:
mmproj-<name>-<TYPE>.gguf. Both are what llama.cpp reads too: with llama-server --reranking, for instance.

Matrices are stored in the type that was asked for, or in F16 where their rows are not whole blocks of it; norms,
biases and the answer's two rows in F32. The files get their names when they are complete: what ends in .partial is
left from a run that was interrupted, and the next one removes it.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Folder with config.json, tokenizer.json and safetensors, as Hugging Face lays them out
    #[arg(value_name = "DIR")]
    model: PathBuf,
    /// How matrices are stored
    #[arg(long = "type", value_name = "TYPE")]
    kind: Kind,
    /// Folder for the files; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Split the text model into files of at most so many bytes, such as 512M or 2G (10^6 and 10^9 bytes); a larger
    /// tensor gets a file of its own. The vision tower is never split, because llama.cpp reads it from one file
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    split_max_size: Option<u64>,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
}

/// The types in which matrices are stored.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// 4 bits a value and a scale for 32: the smallest
    #[value(name = "q4_0")]
    Q4_0,
    /// 8 bits a value and a scale for 32: nearly the scores of the original
    #[value(name = "q8_0")]
    Q8_0,
    /// 16 bits a value
    #[value(name = "f16")]
    F16,
}

impl Kind {
    fn dtype(self) -> DType {
        match self {
            Self::Q4_0 => DType::Q4_0,
            Self::Q8_0 => DType::Q8_0,
            Self::F16 => DType::F16,
        }
    }

    /// llama.cpp's number for a file that is mostly of this type.
    fn file_type(self) -> u32 {
        match self {
            Self::F16 => 1,
            Self::Q4_0 => 2,
            Self::Q8_0 => 7,
        }
    }
}

pub async fn run(args: Args) -> Result<(), String> {
    let start = Instant::now();
    let model = open::open(&args.model).await?;
    let files = plan(&model, args.kind, args.split_max_size).await?;
    let names = files.iter().map(|file| file.name.clone()).collect();
    let output = Output::prepare(&args.out, &plan::stems(&model, args.kind), names, args.force)?;
    let total = files.iter().flat_map(|file| &file.jobs).filter_map(|job| job.tensor.data_len()).sum();
    let mut progress = Progress::new(total, std::io::stderr().is_terminal());
    for file in &files {
        write_file(file, &model.checkpoint, &output, &mut progress).await?;
    }
    output.commit()?;
    progress.finish();
    print!("{}", report::table(&args.out, &files, start.elapsed()));
    Ok(())
}

async fn write_file(
    file: &FilePlan,
    checkpoint: &Checkpoint,
    output: &Output,
    progress: &mut Progress,
) -> Result<(), String> {
    let failed = |e: std::io::Error| write_failed(&output.partial(&file.name), &e);
    let mut writer = GgufWriter::start(output.create(&file.name)?, file.layout()?).map_err(failed)?;
    for job in &file.jobs {
        let copied = copy(job, checkpoint, &mut writer, PIECE_VALUES, &mut |bytes| progress.add(bytes)).await;
        copied.map_err(|e| match e {
            CopyError::Write(e) => failed(e),
            other => other.to_string(),
        })?;
    }
    let buffered = writer.finish().map_err(failed)?;
    let written = buffered.into_inner().map_err(|e| failed(e.into_error()))?;
    // Only what is on the disk may get its name.
    written.sync_all().map_err(failed)
}

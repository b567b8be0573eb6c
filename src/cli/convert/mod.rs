//! `secondpass convert`

mod copy;
mod describing_files;
mod encoder;
mod error;
mod file_plan;
mod file_type;
mod hugging_face;
mod metadata;
mod plan;
mod report;
mod source_model;
mod split;
mod split_size;
mod staged_files;
mod task;
mod vocab;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Instant;

use self::copy::{CHUNK_VALUES, copy};
use self::error::CopyError;
use self::file_plan::FilePlan;
use self::file_type::FileType;
use self::source_model::SourceModel;
use self::split_size::parse_split_size;
use self::staged_files::StagedFiles;
use self::task::TaskChoice;
use super::progress::JobProgress;
use crate::weights::Checkpoint;
use crate::weights::gguf::GgufWriter;

pub use error::ConvertError;

const EXAMPLES: &str = "Examples:
  secondpass convert Qwen3-Reranker-0.6B --type q8_0 --out models
  secondpass convert Qwen3-VL-Reranker-2B --type q8_0 --out models
  secondpass convert Qwen3-VL-Reranker-2B --type q4_0 --out models --split-max-size 512M
  secondpass convert ettin-reranker-32m-v1 --type f16 --out models
  secondpass convert all-MiniLM-L6-v2 --type q8_0 --out models

The first writes models/Qwen3-Reranker-0.6B-Q8_0.gguf. The vision tower of a vision model goes into a second file,
mmproj-<name>-<TYPE>.gguf. llama.cpp reads both, for instance with llama-server --reranking.

An encoder becomes one file that holds its head, whatever that is, and its tokenizer.json and configuration, so that it
scores as before. llama.cpp reads those of XLM-RoBERTa, RoBERTa and ModernBERT; it would compute the others wrongly, so
they name an architecture that it refuses.

An embedding model becomes one that secondpass embed reads: its pooling, its modules and the words before a text are in
the file. llama.cpp reads those of BERT without upper case as well, and Qwen3-Embedding.

Matrices are stored in the given type, or in F16 where their rows are not whole blocks of 32 values; norms, biases and
heads in F32. Files get their names when all of them are complete; a .partial file is left from an
interrupted run, and the next run removes it.

See secondpass --help for how to download a model.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ConvertArgs {
    /// Hugging Face folder with config.json, tokenizer.json and safetensors
    #[arg(value_name = "DIR")]
    model: PathBuf,
    /// Type in which matrices are stored
    #[arg(long = "type", value_name = "TYPE")]
    file_type: FileType,
    /// What the model is for, if its folder does not say so: a Qwen3-VL-Embedding without modules.json looks like a reranker
    #[arg(long, value_name = "TASK")]
    task: Option<TaskChoice>,
    /// Folder for the files, created if it does not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Split the text model into files of at most this many bytes, such as 512M or 2G (10^6 and 10^9 bytes); a larger
    /// tensor gets a file of its own. The vision tower is never split: llama.cpp reads it from one file
    #[arg(long, value_name = "SIZE", value_parser = parse_split_size)]
    split_max_size: Option<u64>,
    /// Replace existing files
    #[arg(long)]
    force: bool,
}

pub async fn run(args: ConvertArgs) -> Result<(), ConvertError> {
    let start = Instant::now();
    let model = SourceModel::open(&args.model, args.task).await?;
    if let Some(warning) = model.warning(args.file_type) {
        eprintln!("warning: {warning}");
    }
    let files = model.plan(args.file_type, args.split_max_size).await?;
    let names = files.iter().map(|file| file.name.clone()).collect();
    let staged = StagedFiles::prepare(&args.out, &model.stems(args.file_type), names, args.force)?;
    write_files(&files, model.checkpoint(), &staged).await?;
    staged.commit()?;
    print!("{}", report::table(&args.out, &files, start.elapsed())?);
    Ok(())
}

async fn write_files(files: &[FilePlan], checkpoint: &Checkpoint, staged: &StagedFiles) -> Result<(), ConvertError> {
    let total = files.iter().flat_map(|file| &file.tensors).filter_map(|plan| plan.tensor.data_len()).sum();
    let mut progress = JobProgress::bytes(total, "converting");
    for file in files {
        write_file(file, checkpoint, staged, &mut progress).await?;
    }
    Ok(())
}

async fn write_file(
    file: &FilePlan,
    checkpoint: &Checkpoint,
    staged: &StagedFiles,
    progress: &mut JobProgress,
) -> Result<(), ConvertError> {
    let failed = |e: std::io::Error| ConvertError::write(&staged.partial_path(&file.name), e);
    let mut writer = GgufWriter::start(staged.create(&file.name)?, file.layout()?).map_err(failed)?;
    for plan in &file.tensors {
        let copied = copy(plan, checkpoint, &mut writer, CHUNK_VALUES, &mut |bytes| progress.add(bytes)).await;
        copied.map_err(|e| match e {
            CopyError::Write(e) => failed(e),
            other => ConvertError::Copy(other),
        })?;
    }
    let buffered = writer.finish().map_err(failed)?;
    let written = buffered.into_inner().map_err(|e| failed(e.into_error()))?;
    // The data must be durable before the rename makes the file look complete.
    written.sync_all().map_err(failed)
}

//! The command line.

use std::path::PathBuf;

use clap::Parser;

const HELP: &str = "What is measured:
  peaks    multiply-add in f32, and in f16 where the adapter has it; a copy of buffers larger than the caches; one launch.
  kernels  every product in each weight format and in each style that can run here, at the layers' sizes of a 0.6B and a
           2B model; attention, norms, and what else a layer does. `of bound` is the share of what the peaks allow: the
           time that the arithmetic or the memory traffic needs at least, whichever is longer, over the time taken.
  models   every --model with the request of --workload, on the GPU and, for fewer documents, on the CPU; the scores of
           both are compared.

Times are wall clock over repeats that fill a window, ended by reading a value back; launches are included, as they are in
a request. The first run of everything compiles and does not count.

Try first:  cargo bench --bench gpu -- --small --only peaks,kernels
On Linux without a GPU, Mesa's software Vulkan stands in: VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.x86_64.json; its
figures say nothing about a GPU.

`npm run bench:gpu` makes the models and the workload, runs this and a browser beside it, and writes one file.";

/// Measures this machine's GPU natively: peaks, kernels, whole models
#[derive(Parser)]
#[command(name = "gpu", after_help = HELP)]
pub struct BenchOptions {
    /// What to measure
    #[arg(long, value_delimiter = ',', default_value = "peaks,kernels,models")]
    only: Vec<Part>,
    /// Small sizes and short windows; a software adapter always has them
    #[arg(long)]
    pub small: bool,
    /// Rows of the products, instead of 1, 16, 128, 1024 and 4096 (1, 16 and 128 with --small)
    #[arg(long, value_delimiter = ',', value_name = "N,N")]
    pub rows: Option<Vec<usize>>,
    /// GGUF files of rerankers
    #[arg(long = "model", value_name = "FILE", requires = "workload")]
    pub models: Vec<PathBuf>,
    /// JSON with `query` and `documents`
    #[arg(long, value_name = "FILE")]
    pub workload: Option<PathBuf>,
    /// Requests that are timed for each model, the median of which counts
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub rounds: usize,
    /// Documents that the CPU scores; 0 leaves it away
    #[arg(long, default_value_t = 4, value_name = "N")]
    pub cpu_documents: usize,
    /// Write all figures to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// What cargo adds
    #[arg(long = "bench", hide = true)]
    _bench: bool,
}

/// Something to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// What it is; this is always told.
    Adapter,
    Peaks,
    Kernels,
    Models,
}

impl BenchOptions {
    pub fn wants(&self, part: Part) -> bool {
        self.only.contains(&part)
    }
}

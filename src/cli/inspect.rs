//! `secondpass inspect`

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::model::ModelPath;
use crate::engine::{Manifest, Observer, OpenedModel};
use crate::model::{Head, ModelError, check_complete, expected};
use crate::weights::Checkpoint;

const EXAMPLES: &str = "Examples:
  secondpass inspect Qwen3-Reranker-0.6B
  secondpass inspect model-Q4_K_M.gguf
  secondpass inspect qwen3-vl-reranker-Q8_0.gguf --vision mmproj.gguf --tensors
  secondpass inspect https://example.org/models/qwen3-reranker-Q8_0.gguf    (reads its header, not its weights)

Exit status 0 if it will run, 1 if not; the reason is the last line.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A .gguf file, or a folder as Hugging Face lays it out; or the URL of one
    #[arg(value_name = "DIR|FILE|URL")]
    model: PathBuf,
    /// The vision tower (mmproj) of a .gguf model that sees
    #[arg(long, value_name = "FILE")]
    vision: Option<PathBuf>,
    /// List every tensor
    #[arg(long)]
    tensors: bool,
}

pub async fn run(args: Args) -> Result<(), String> {
    let model = ModelPath::new(&args.model, args.vision.as_deref())?;
    let will_not_run = |why: String| format!("it will not run: {why}");
    let manifest = Manifest::open(&model.location()).await.map_err(|e| will_not_run(e.to_string()))?;
    let opened = manifest.read(&Observer::silent()).await.map_err(|e| will_not_run(e.to_string()))?;
    describe(&opened);
    if args.tensors {
        list(&opened.checkpoint);
    }
    check(&opened).map_err(|e| will_not_run(e.to_string()))?;
    println!("It will run.");
    Ok(())
}

fn describe(opened: &OpenedModel) {
    let OpenedModel { name, config, prompter, checkpoint } = opened;
    let row = |what: &str, value: String| println!("{what:<11}{value}");
    row("model", name.clone());
    row("family", config.family().name().to_owned());
    let t = &config.text;
    row(
        "decoder",
        format!(
            "{} layers, width {}, {} query and {} key heads of {}, MLP {}, {} tokens",
            t.num_hidden_layers,
            t.hidden_size,
            t.num_attention_heads,
            t.num_key_value_heads,
            t.head_dim,
            t.intermediate_size,
            t.vocab_size
        ),
    );
    match &config.vision {
        Some(v) => row(
            "vision",
            format!(
                "{} blocks, width {}, {} heads, features of blocks {:?}",
                v.depth, v.hidden_size, v.num_heads, v.deepstack_visual_indexes
            ),
        ),
        None => row("vision", "none".to_owned()),
    }
    row("answers", format!("yes {}, no {}", prompter.yes_id(), prompter.no_id()));
    // What is wrong with it is told at the end.
    row("head", head(opened).map_or_else(|_| "none that can be used".to_owned(), |head| head.describe()));
    let mut kinds: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for tensor in checkpoint.tensors() {
        let kind = kinds.entry(tensor.dtype.name()).or_default();
        *kind = (kind.0 + 1, kind.1 + tensor.len);
    }
    let kinds: Vec<String> = kinds.iter().map(|(name, (n, bytes))| format!("{n} {name} ({})", size(*bytes))).collect();
    row("tensors", format!("{}, {} in all", kinds.join(", "), size(checkpoint.total_bytes())));
}

fn head(OpenedModel { config, prompter, checkpoint, .. }: &OpenedModel) -> Result<Head, ModelError> {
    Head::find(checkpoint, config, prompter.yes_id(), prompter.no_id())
}

fn list(checkpoint: &Checkpoint) {
    println!();
    for tensor in checkpoint.tensors() {
        println!("{:<56} {:<5} {:?} {}", tensor.name, tensor.dtype.name(), tensor.shape, size(tensor.len));
    }
    println!();
}

/// Everything that loading would find, without reading a tensor.
fn check(opened: &OpenedModel) -> Result<(), ModelError> {
    let checkpoint = &opened.checkpoint;
    check_complete(checkpoint, &opened.config)?;
    head(opened)?;
    for (name, shape) in expected(&opened.config) {
        // GGUF keeps one of them in two; a missing one was reported above.
        if checkpoint.mentions(&name) {
            checkpoint.check(&name, &shape)?;
        }
    }
    Ok(())
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

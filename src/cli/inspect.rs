//! `secondpass inspect`

use std::collections::BTreeMap;
use std::path::PathBuf;

use indicatif::DecimalBytes;

use super::error::CliError;
use super::model::ModelPath;
use crate::engine::{self, Manifest, Observer, OpenedModel};
use crate::model::{
    AnswerIds, EncoderConfig, HeadTensors, ModelError, TensorSpec, TextConfig, TrunkConfig, VisionConfig,
    check_complete, required_tensors,
};
use crate::weights::Checkpoint;

const EXAMPLES: &str = "Examples:
  secondpass inspect Qwen3-Reranker-0.6B
  secondpass inspect models/Qwen3-Reranker-0.6B-Q8_0.gguf
  secondpass inspect models/Qwen3-VL-Reranker-2B-Q8_0.gguf --vision models/mmproj-Qwen3-VL-Reranker-2B-Q8_0.gguf --tensors
  secondpass inspect https://huggingface.co/Qwen/Qwen3-Reranker-0.6B/resolve/main

Of a URL, only configuration, tokenizer and headers are read, never the weights. See secondpass --help for how to
download a model, and secondpass convert --help for the GGUF files.

Exit status: 0 if the model will run, 1 if not; the last line says why.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct InspectArgs {
    /// Model: a Hugging Face folder or a .gguf file, local or at a URL
    #[arg(value_name = "DIR|FILE|URL")]
    model: PathBuf,
    /// Vision tower (mmproj) of a GGUF vision model
    #[arg(long, value_name = "FILE|URL")]
    vision: Option<PathBuf>,
    /// List name, type, shape and size of every tensor
    #[arg(long)]
    tensors: bool,
}

pub async fn run(args: InspectArgs) -> Result<(), CliError> {
    let model = ModelPath::new(&args.model, args.vision.as_deref()).map_err(CliError::ModelPath)?;
    let opened = open(&model).await.map_err(CliError::NotLoadable)?;
    print_summary(&opened);
    if args.tensors {
        print_tensors(&opened.checkpoint);
    }
    check_loadable(&opened).map_err(|e| CliError::NotLoadable(engine::Error::Model(e)))?;
    println!("It will run.");
    Ok(())
}

async fn open(model: &ModelPath) -> Result<OpenedModel, engine::Error> {
    Manifest::open(&model.location()).await?.read(&Observer::silent()).await
}

fn print_summary(opened: &OpenedModel) {
    let OpenedModel { name, config, prompter, checkpoint } = opened;
    let row = |label: &str, value: String| println!("{label:<11}{value}");
    row("model", name.clone());
    row("family", config.family().name().to_owned());
    match &config.trunk {
        TrunkConfig::Decoder { text, vision } => {
            row("decoder", describe_decoder(text));
            row("vision", vision.as_ref().map_or_else(|| "none".to_owned(), describe_vision));
        }
        TrunkConfig::Encoder(encoder) => row("encoder", describe_encoder(encoder)),
    }
    if let Some([yes, no]) = prompter.answer_ids() {
        row("answers", format!("yes {yes}, no {no}"));
    }
    row("score", format!("{} of the logit, from {} pooling", config.activation.name(), config.pooling().name()));
    // `check_loadable` reports the reason, after the summary.
    row("head", find_head(opened).map_or_else(|_| "none that can be used".to_owned(), |head| head.describe()));
    row("tensors", describe_tensors(checkpoint));
}

fn describe_decoder(text: &TextConfig) -> String {
    format!(
        "{} layers, width {}, {} query and {} key heads of {}, MLP {}, {} tokens",
        text.num_hidden_layers,
        text.hidden_size,
        text.num_attention_heads,
        text.num_key_value_heads,
        text.head_dim,
        text.intermediate_size,
        text.vocab_size
    )
}

fn describe_encoder(encoder: &EncoderConfig) -> String {
    format!(
        "{} layers, width {}, {} heads of {}, MLP {}, {} tokens, up to {} a pair",
        encoder.layers.len(),
        encoder.hidden_size,
        encoder.num_attention_heads,
        encoder.head_dim(),
        encoder.intermediate_size,
        encoder.vocab_size,
        encoder.max_tokens
    )
}

fn describe_vision(vision: &VisionConfig) -> String {
    format!(
        "{} blocks, width {}, {} heads, features of blocks {:?}",
        vision.depth, vision.hidden_size, vision.num_heads, vision.deepstack_visual_indexes
    )
}

fn describe_tensors(checkpoint: &Checkpoint) -> String {
    let mut by_dtype: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for tensor in checkpoint.tensors() {
        let (count, bytes) = by_dtype.entry(tensor.dtype.name()).or_default();
        *count += 1;
        *bytes += tensor.len;
    }
    let parts = by_dtype.iter().map(|(dtype, (count, bytes))| format!("{count} {dtype} ({})", DecimalBytes(*bytes)));
    format!("{}, {} in all", parts.collect::<Vec<_>>().join(", "), DecimalBytes(checkpoint.total_bytes()))
}

fn print_tensors(checkpoint: &Checkpoint) {
    println!();
    for tensor in checkpoint.tensors() {
        let (dtype, size) = (tensor.dtype.name(), DecimalBytes(tensor.len));
        println!("{:<56} {dtype:<5} {:?} {size}", tensor.name, tensor.shape);
    }
    println!();
}

fn find_head(OpenedModel { config, prompter, checkpoint, .. }: &OpenedModel) -> Result<HeadTensors, ModelError> {
    HeadTensors::find(checkpoint, config, prompter.answer_ids().map(|[yes, no]| AnswerIds { yes, no }))
}

/// Finds what loading would fail on, without reading a tensor.
fn check_loadable(opened: &OpenedModel) -> Result<(), ModelError> {
    let checkpoint = &opened.checkpoint;
    check_complete(checkpoint, &opened.config)?;
    find_head(opened)?;
    for TensorSpec { name, shape, .. } in required_tensors(&opened.config) {
        // GGUF stores the patch embedding as one tensor per frame; `check_complete` has reported what is missing.
        if checkpoint.mentions(&name) {
            checkpoint.check(&name, &shape)?;
        }
    }
    Ok(())
}

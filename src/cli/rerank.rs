//! `secondpass rerank`

use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::tensor::Device;

use super::error::CliError;
use super::model::ModelPath;
use super::pictures::FilePictures;
use super::progress::LoadProgressBar;
use crate::engine::{self, Engine, Error, LoadOptions, Observer, RequestOptions};
use crate::media::{DecodeOptions, SizeLimits};
use crate::model::DeviceKind;
use crate::model::Precision;
use crate::{RerankRequest, RerankResponse};

const EXAMPLES: &str = r#"Examples:
  echo '{"query": "capital of China", "documents": ["Beijing", "Paris"]}' > request.json
  secondpass rerank --model Qwen3-Reranker-0.6B --request request.json
  echo '{"query": "capital of China", "documents": ["Beijing", "Paris"], "top_n": 1}' | secondpass rerank --model Qwen3-Reranker-0.6B --request -
  secondpass rerank --model models/Qwen3-Reranker-0.6B-Q8_0.gguf --request request.json

The request is the body of a /v1/rerank call: query, documents, and optionally instruction, top_n,
return_documents, max_tokens_per_doc, max_length, fps, max_frames. A vision model also takes pictures and videos,
as paths relative to the request's file or as URLs:
  {"query": "a cat", "documents": [{"image": "cat.jpg"}, {"text": "A dog.", "image": ["a.png", "b.png"]},
                                   {"video": {"frames": ["1.png", "2.png"], "timestamps": [0.0, 0.5]}}]}

See secondpass --help for how to download a model, and secondpass convert --help for the GGUF files."#;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct RerankArgs {
    /// Model: a Hugging Face folder (config.json, tokenizer.json, safetensors) or a .gguf file, local or at a URL; a URL is
    /// downloaded on every run
    #[arg(long, value_name = "DIR|FILE|URL")]
    model: PathBuf,
    /// Vision tower (mmproj) of a GGUF vision model
    #[arg(long, value_name = "FILE|URL")]
    vision: Option<PathBuf>,
    /// File with the request's JSON, or - for standard input
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// Device that computes
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
    /// Type of the matrices in memory: as stored in the file (auto), f32 or q8_0
    #[arg(long, default_value = "auto", value_parser = parse_precision)]
    dtype: Precision,
    /// Scale pictures with more pixels down to this many
    #[arg(long, value_name = "N", default_value_t = SizeLimits::default().max_pixels, value_parser = parse_pixels)]
    max_image_pixels: usize,
    /// Apply the EXIF orientation of pictures, which the reference implementation ignores
    #[arg(long)]
    apply_orientation: bool,
    /// Fail if any document cannot be scored, instead of reporting its error beside the other scores
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum DeviceChoice {
    Cpu,
    Gpu,
}

fn parse_precision(name: &str) -> Result<Precision, &'static str> {
    Precision::from_name(name).ok_or("use auto, f32 or q8_0")
}

/// The reference implementation also rejects a maximum below its minimum.
fn parse_pixels(text: &str) -> Result<usize, String> {
    let least = SizeLimits::default().min_pixels;
    match text.parse() {
        Ok(pixels) if pixels >= least => Ok(pixels),
        _ => Err(format!("give a whole number of pixels, at least {least}: smaller pictures are scaled up to that")),
    }
}

pub async fn run(args: RerankArgs) -> Result<(), CliError> {
    let request = RerankRequest::from_json(&read_request(&args.request)?).map_err(Error::from)?;
    let response = rerank(&args, &request).await?;
    println!("{}", serde_json::to_string_pretty(&response).map_err(CliError::WriteResponse)?);
    Ok(())
}

async fn rerank(args: &RerankArgs, request: &RerankRequest) -> Result<RerankResponse, CliError> {
    let options = load_options(args).await?;
    let decoding = DecodeOptions { apply_orientation: args.apply_orientation, ..DecodeOptions::default() };
    let pictures = FilePictures::beside(&args.request, decoding);
    let model = ModelPath::new(&args.model, args.vision.as_deref()).map_err(CliError::ModelPath)?;
    let (start, progress) = (Instant::now(), LoadProgressBar::new());
    let on_progress = move |p: engine::LoadProgress| progress.update(&p);
    let now = move || start.elapsed().as_secs_f64() * 1e3;
    let observer = Observer { on_progress: &on_progress, now: &now, ..Observer::silent() };
    let engine = Engine::load_from(&model.location(), options, &observer).await?;
    Ok(engine.rerank_with(request, &pictures, RequestOptions { strict: args.strict }, &observer).await?)
}

async fn load_options(args: &RerankArgs) -> Result<LoadOptions, CliError> {
    let image_limits = SizeLimits { max_pixels: args.max_image_pixels, ..SizeLimits::default() };
    let on_cpu = LoadOptions { precision: args.dtype, image_limits, ..LoadOptions::cpu() };
    match args.device {
        DeviceChoice::Cpu => Ok(on_cpu),
        DeviceChoice::Gpu => Ok(LoadOptions { device: open_gpu().await?, device_kind: DeviceKind::Gpu, ..on_cpu }),
    }
}

#[cfg(not(feature = "gpu"))]
async fn open_gpu() -> Result<Device, CliError> {
    Err(CliError::BuiltWithoutGpu)
}

#[cfg(feature = "gpu")]
async fn open_gpu() -> Result<Device, CliError> {
    Device::wgpu_options().init_async().await.map_err(CliError::NoGpu)
}

fn read_request(path: &Path) -> Result<String, CliError> {
    let body = match path.as_os_str() == "-" {
        true => io::read_to_string(io::stdin().lock()),
        false => std::fs::read_to_string(path),
    };
    body.map_err(|source| CliError::ReadRequest { path: path.to_owned(), source })
}

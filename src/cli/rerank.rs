//! `secondpass rerank`

use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::time::Instant;

use burn::tensor::Device;

use super::model::ModelPath;
use super::pictures::FilePictures;
use crate::RerankRequest;
use crate::engine::{Engine, LoadOptions, Observer, Progress, Savings, Stage};
use crate::kernels::selection::KernelChoice;
use crate::media::{DecodeOptions, SizeLimits};
use crate::model::Precision;

const EXAMPLES: &str = r#"Examples:
  secondpass rerank --model Qwen3-Reranker-0.6B --request request.json
  echo '{"query": "capital of China", "documents": ["Beijing", "Paris"]}' | secondpass rerank --model DIR --request -

The request is the body of a /v1/rerank call: query, documents, and optionally instruction, top_n,
return_documents, max_tokens_per_doc, max_length, fps, max_frames. A model that sees takes pictures and
videos too, as paths relative to the request's file or as URLs:
  {"query": "a cat", "documents": [{"image": "cat.jpg"}, {"text": "A dog.", "image": ["a.png", "b.png"]},
                                   {"video": {"frames": ["1.png", "2.png"], "timestamps": [0.0, 0.5]}}]}"#;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Folder with config.json, tokenizer.json and safetensors, as Hugging Face lays them out; or a .gguf file; or the URL of
    /// one, which is read anew each time
    #[arg(long, value_name = "DIR|FILE|URL")]
    model: PathBuf,
    /// The vision tower (mmproj) of a .gguf model that sees
    #[arg(long, value_name = "FILE")]
    vision: Option<PathBuf>,
    /// File with the request's JSON, or - for standard input
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// Where to compute
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
    /// How matrices are kept: as the file has them (auto), in f32, or in 8-bit blocks (q8_0)
    #[arg(long, default_value = "auto", value_parser = parse_precision)]
    dtype: Precision,
    /// Pictures of more pixels are shown to the model smaller
    #[arg(long, value_name = "N", default_value_t = SizeLimits::default().max_pixels, value_parser = parse_pixels)]
    max_image_pixels: usize,
    /// Turn pictures as their EXIF data says; the reference does not
    #[arg(long)]
    apply_orientation: bool,
    /// Fail if any document cannot be scored, instead of reporting it beside the others' scores
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum DeviceChoice {
    Cpu,
    Gpu,
}

fn parse_precision(name: &str) -> Result<Precision, String> {
    Precision::from_name(name).ok_or_else(|| "use auto, f32 or q8_0".to_owned())
}

/// The reference refuses a largest size below the smallest, too.
fn parse_pixels(text: &str) -> Result<usize, String> {
    let least = SizeLimits::default().min_pixels;
    match text.parse() {
        Ok(pixels) if pixels >= least => Ok(pixels),
        _ => Err(format!("give a whole number of pixels, at least {least}: the model is shown no smaller picture")),
    }
}

pub async fn run(args: Args) -> Result<(), String> {
    let body = read_request(&args.request)?;
    let request = RerankRequest::from_json(&body).map_err(|e| e.to_string())?;
    let (device, device_name) = match args.device {
        DeviceChoice::Cpu => (Device::flex(), "cpu"),
        DeviceChoice::Gpu => (open_gpu().await?, "gpu"),
    };
    let image_limits = SizeLimits { max_pixels: args.max_image_pixels, ..SizeLimits::default() };
    let options = LoadOptions {
        device,
        device_name,
        precision: args.dtype,
        image_limits,
        savings: Savings::default(),
        kernels: KernelChoice::Measured,
        caution: 0,
    };
    let decoding = DecodeOptions { apply_orientation: args.apply_orientation, ..DecodeOptions::default() };
    let pictures = FilePictures::beside(&args.request, decoding);
    let model = ModelPath::new(&args.model, args.vision.as_deref())?;
    let start = Instant::now();
    let show = std::io::stderr().is_terminal();
    let on_progress = move |p: Progress| report(show, &p);
    let now = move || start.elapsed().as_secs_f64() * 1e3;
    let observer = Observer { on_progress: &on_progress, now: &now, strict: args.strict, ..Observer::silent() };
    let engine = Engine::load_from(&model.location(), options, &observer).await.map_err(|e| e.to_string())?;
    let response = engine.rerank_with(&request, &pictures, &observer).await.map_err(|e| e.to_string())?;
    let json = serde_json::to_string_pretty(&response).map_err(|e| e.to_string())?;
    println!("{json}");
    Ok(())
}

#[cfg(not(feature = "gpu"))]
async fn open_gpu() -> Result<Device, String> {
    Err("this secondpass was built without the feature \"gpu\"; use --device cpu".into())
}

#[cfg(feature = "gpu")]
async fn open_gpu() -> Result<Device, String> {
    Device::wgpu_options().init_async().await.map_err(|e| format!("no usable GPU was found ({e}); use --device cpu"))
}

fn read_request(path: &std::path::Path) -> Result<String, String> {
    let mut body = String::new();
    let result = if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut body).map(|_| ())
    } else {
        std::fs::read_to_string(path).map(|text| body = text)
    };
    result.map_err(|e| format!("cannot read the request {}: {e}", path.display()))?;
    Ok(body)
}

fn report(show: bool, progress: &Progress) {
    if !show {
        return;
    }
    let what = match progress.stage {
        Stage::Download | Stage::Verify => "reading",
        Stage::Upload => "loading",
        Stage::Compile => "warming up",
    };
    eprint!("\r\x1b[K{what} {}/{}", progress.loaded, progress.total);
    if progress.stage == Stage::Compile && progress.loaded == progress.total {
        eprint!("\r\x1b[K");
    }
}

//! `secondpass rerank`

use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::time::Instant;

use burn::tensor::Device;

use crate::RerankRequest;
use crate::engine::{Engine, LoadOptions, Observer, Progress, Stage};
use crate::model::Precision;
use crate::weights::DirectoryFolder;

const EXAMPLES: &str = r#"Examples:
  secondpass rerank --model Qwen3-Reranker-0.6B --request request.json
  echo '{"query": "capital of China", "documents": ["Beijing", "Paris"]}' | secondpass rerank --model DIR --request -

The request is the body of a /v1/rerank call: query, documents, and optionally instruction, top_n,
return_documents, max_tokens_per_doc."#;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Folder with config.json, tokenizer.json and model.safetensors, as Hugging Face lays them out
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// File with the request's JSON, or - for standard input
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// Where to compute
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
    /// How matrices are kept: as exact as the file, or in 8-bit blocks
    #[arg(long, default_value = "f32", value_parser = parse_precision)]
    dtype: Precision,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum DeviceChoice {
    Cpu,
    Gpu,
}

fn parse_precision(name: &str) -> Result<Precision, String> {
    Precision::from_name(name).ok_or_else(|| "use f32 or q8_0".to_owned())
}

pub async fn run(args: Args) -> Result<(), String> {
    let body = read_request(&args.request)?;
    let request = RerankRequest::from_json(&body).map_err(|e| e.to_string())?;
    let (device, device_name) = match args.device {
        DeviceChoice::Cpu => (Device::flex(), "cpu"),
        DeviceChoice::Gpu => (open_gpu().await?, "gpu"),
    };
    let options = LoadOptions { device, device_name, precision: args.dtype };
    let folder = DirectoryFolder::new(&args.model);
    let start = Instant::now();
    let show = std::io::stderr().is_terminal();
    let on_progress = move |p: Progress| report(show, &p);
    let now = move || start.elapsed().as_secs_f64() * 1e3;
    let observer = Observer { on_progress: &on_progress, now: &now, ..Observer::silent() };
    let engine = Engine::load(&folder, options, &observer).await.map_err(|e| e.to_string())?;
    let response = engine.rerank(&request, &observer).await.map_err(|e| e.to_string())?;
    let json = serde_json::to_string_pretty(&response).map_err(|e| e.to_string())?;
    println!("{json}");
    Ok(())
}

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
        Stage::Download => "reading",
        Stage::Upload => "loading",
        Stage::Compile => "warming up",
    };
    eprint!("\r\x1b[K{what} {}/{}", progress.loaded, progress.total);
    if progress.stage == Stage::Compile && progress.loaded == progress.total {
        eprint!("\r\x1b[K");
    }
}

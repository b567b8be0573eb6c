//! The arguments that commands which run a model share.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::tensor::Device;
use parse_size::parse_size;

use super::error::CliError;
use super::model::ModelPath;
use super::pictures::FilePictures;
use super::progress::LoadProgressBar;
use crate::engine::{LoadOptions, LoadProgress};
use crate::media::DecodeOptions;
use crate::model::{DeviceKind, Precision};

/// The arguments that commands which run a model share.
#[derive(clap::Args)]
pub struct RunArgs {
    /// Model: a Hugging Face folder (config.json, tokenizer.json, safetensors) or a .gguf file, local, at a URL, or
    /// hf:owner/name; what is not local is downloaded on every run
    #[arg(long, value_name = "DIR|FILE|URL")]
    model: PathBuf,
    /// Vision tower (mmproj) of a GGUF vision model
    #[arg(long, value_name = "FILE|URL")]
    vision: Option<PathBuf>,
    /// File with the request's JSON, or - for standard input
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    #[command(flatten)]
    compute: ComputeArgs,
    /// Fail if any document or input cannot be read, instead of reporting its error beside the other results
    #[arg(long)]
    pub strict: bool,
}

/// Where and how models compute.
#[derive(clap::Args)]
pub struct ComputeArgs {
    /// Device that computes
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
    /// Type of the matrices in memory: as stored in the file (auto), f32 or q8_0
    #[arg(long, default_value = "auto", value_parser = parse_precision)]
    dtype: Precision,
    /// Scale pictures with more pixels down to this many, instead of to what the model was published with
    #[arg(long, value_name = "N", value_parser = parse_pixels)]
    pub max_image_pixels: Option<usize>,
    /// Apply the EXIF orientation of pictures, which the reference implementation ignores
    #[arg(long)]
    pub apply_orientation: bool,
    /// Weights that stay in memory: all of them (resident), at most so many bytes (such as 2G or 512M), or as few as possible
    /// (streamed); the layers of a larger decoder are read again for each request
    #[arg(long, value_name = "resident|streamed|SIZE", default_value = "resident", value_parser = parse_memory)]
    memory: WeightBytes,
}

/// How many bytes of weights may stay in memory; `None` for all.
#[derive(Clone, Copy)]
struct WeightBytes(Option<u64>);

#[derive(Clone, Copy, clap::ValueEnum)]
enum DeviceChoice {
    Cpu,
    Gpu,
}

impl RunArgs {
    /// Where the model is.
    pub fn model_path(&self) -> Result<ModelPath, CliError> {
        ModelPath::new(&self.model, self.vision.as_deref()).map_err(CliError::ModelPath)
    }

    /// The request's JSON.
    pub fn read_request(&self) -> Result<String, CliError> {
        let body = match self.request.as_os_str() == "-" {
            true => io::read_to_string(io::stdin().lock()),
            false => std::fs::read_to_string(&self.request),
        };
        body.map_err(|source| CliError::ReadRequest { path: self.request.clone(), source })
    }

    /// Pictures by their paths beside the request, or by URLs.
    pub fn pictures(&self) -> FilePictures {
        FilePictures::beside(Path::new(&self.request), self.compute.decoding())
    }

    /// How the model is loaded.
    pub async fn load_options(&self) -> Result<LoadOptions, CliError> {
        self.compute.load_options().await
    }
}

impl ComputeArgs {
    /// How pictures are decoded.
    pub fn decoding(&self) -> DecodeOptions {
        DecodeOptions { apply_orientation: self.apply_orientation, ..DecodeOptions::default() }
    }

    /// How models are loaded.
    pub async fn load_options(&self) -> Result<LoadOptions, CliError> {
        let (precision, max_image_pixels) = (self.dtype, self.max_image_pixels);
        let WeightBytes(max_weight_bytes) = self.memory;
        let on_cpu = LoadOptions { precision, max_image_pixels, max_weight_bytes, ..LoadOptions::cpu() };
        match self.device {
            DeviceChoice::Cpu => Ok(on_cpu),
            DeviceChoice::Gpu => Ok(LoadOptions { device: open_gpu().await?, device_kind: DeviceKind::Gpu, ..on_cpu }),
        }
    }
}

/// A clock and a progress bar, for the observer of a run.
pub fn watch() -> (impl Fn(LoadProgress), impl Fn() -> f64) {
    let (start, progress) = (Instant::now(), LoadProgressBar::new());
    (move |p: LoadProgress| progress.update(&p), move || start.elapsed().as_secs_f64() * 1e3)
}

fn parse_precision(name: &str) -> Result<Precision, &'static str> {
    Precision::from_name(name).ok_or("use auto, f32 or q8_0")
}

fn parse_pixels(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|&pixels| pixels > 0).ok_or("give a whole number of pixels above 0")
}

fn parse_memory(text: &str) -> Result<WeightBytes, &'static str> {
    match text {
        "resident" => Ok(WeightBytes(None)),
        "streamed" => Ok(WeightBytes(Some(0))),
        size => parse_size(size)
            .map(|bytes| WeightBytes(Some(bytes)))
            .map_err(|_| "use resident, streamed, or a number of bytes such as 512M or 2G"),
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

//! From a folder of files to a loaded engine.

use burn::tensor::Device;
use serde::Serialize;

use super::{Engine, Error, Observer, Stage};
use crate::model::{Config, MAX_CONFIG_BYTES, Precision, TextReranker};
use crate::prompt::{self, Prompter};
use crate::weights::{Checkpoint, Folder, read_required};

/// A `tokenizer.json` of this family is 11 MB; larger than this is none.
const MAX_TOKENIZER_BYTES: u64 = 64 << 20;

/// Tokens of the pass that compiles the shaders: more than one tile of rows, and no multiple of it.
const WARM_UP_TOKENS: usize = 33;

/// Where and how to run.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The device that holds the weights and computes.
    pub device: Device,
    /// `webgpu`, `gpu` or `cpu`: the device's name in `info` and `meta`.
    pub device_name: &'static str,
    /// How matrices are kept on it.
    pub precision: Precision,
}

impl LoadOptions {
    /// On the CPU, as exact as the file.
    pub fn cpu() -> Self {
        Self { device: Device::flex(), device_name: "cpu", precision: Precision::F32 }
    }
}

/// What is loaded, and where it runs.
#[derive(Debug, Clone, Serialize)]
pub struct Info {
    /// The folder or URL it came from.
    pub model: String,
    /// The family, as the weights say.
    pub family: &'static str,
    /// `webgpu`, `gpu` or `cpu`.
    pub device: &'static str,
    /// How matrices are kept.
    pub dtype: &'static str,
    /// Bytes of weights in the file.
    pub weight_bytes: u64,
}

impl Engine {
    /// Loads `config.json`, `tokenizer.json` and the safetensors of `folder`.
    pub async fn load(folder: &dyn Folder, options: LoadOptions, observer: &Observer<'_>) -> Result<Self, Error> {
        // The small files first: what is wrong with them is known before a gigabyte is fetched.
        let config = Config::from_json(&read_required(folder, "config.json", MAX_CONFIG_BYTES).await?)?;
        let tokenizer = read_required(folder, "tokenizer.json", MAX_TOKENIZER_BYTES).await?;
        let prompter = Prompter::new(&tokenizer, prompt::Family::Text)?;
        drop(tokenizer);
        observer.checkpoint().await?;
        let checkpoint = Checkpoint::open(folder).await?;
        let info = Info {
            model: folder.name().to_owned(),
            family: config.family().name(),
            device: options.device_name,
            dtype: options.precision.name(),
            weight_bytes: checkpoint.total_bytes(),
        };
        let answer = (prompter.yes_id(), prompter.no_id());
        let mut step = |done: usize, of: usize| observer.report(Stage::Upload, done as u64, of as u64);
        let model =
            TextReranker::load(&checkpoint, config, answer, options.precision, &options.device, &mut step).await?;
        observer.checkpoint().await?;
        let engine = Self { model, prompter, info };
        engine.warm_up(observer).await?;
        Ok(engine)
    }

    /// Compiles every shader by one pass whose score nobody needs, so that the first request is not the slow one.
    async fn warm_up(&self, observer: &Observer<'_>) -> Result<(), Error> {
        observer.report(Stage::Compile, 0, 1);
        self.model.score(&[0; WARM_UP_TOKENS]).await?;
        observer.report(Stage::Compile, 1, 1);
        Ok(())
    }
}

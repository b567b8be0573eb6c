//! From a folder of files to a loaded engine.

use std::cell::{Cell, RefCell};

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::batch::RowBudget;
use super::manifest::{Manifest, ModelLocation};
use super::open_model::OpenedModel;
use super::{Engine, Error, Observer, Stage};
use crate::bytes::Folder;
use crate::kernels::selection::{self, KernelChoice, SelectionError};
use crate::media::SizeLimits;
use crate::model::{Home, ModelError, Pass, Precision, Prompt, Reranker, TokenIds};

/// Tokens of the pass that compiles the shaders: more than one tile of rows, and no multiple of it.
const WARM_UP_TOKENS: usize = 33;

/// The name of the device that needs none.
pub const CPU: &str = "cpu";

/// Where and how to run.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The device that holds the weights and computes.
    pub device: Device,
    /// `webgpu`, `gpu` or `cpu`: the device's name in `info` and `meta`.
    pub device_name: &'static str,
    /// How matrices are kept on it.
    pub precision: Precision,
    /// How large pictures are shown to the model.
    pub image_limits: SizeLimits,
    /// What is not computed twice.
    pub savings: Savings,
    /// How a GPU computes.
    pub kernels: KernelChoice,
    /// How often the device was lost with this model: each time, half as much is computed at once.
    pub caution: u32,
}

/// What the engine does to compute less. All of it is exact; each can be switched off, to show what it saves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Savings {
    /// What the prompts of a request have in common is computed once, and kept for the next request.
    pub shared_prefix: bool,
    /// Documents are computed together, without padding.
    pub packing: bool,
    /// The last layer computes the scored rows alone.
    pub last_layer_only: bool,
    /// The features of pictures are kept.
    pub vision_cache: bool,
}

impl Default for Savings {
    fn default() -> Self {
        Self { shared_prefix: true, packing: true, last_layer_only: true, vision_cache: true }
    }
}

impl LoadOptions {
    /// On the CPU, as exact as the file.
    pub fn cpu() -> Self {
        Self {
            device: Device::flex(),
            device_name: CPU,
            precision: Precision::Auto,
            image_limits: SizeLimits::default(),
            savings: Savings::default(),
            kernels: KernelChoice::Measured,
            caution: 0,
        }
    }
}

/// What is loaded, and where it runs.
#[derive(Debug, Clone, Serialize)]
pub struct Info {
    /// The folder or URL it came from.
    pub model: String,
    /// The family, as the weights say.
    pub family: &'static str,
    /// Whether it sees: a GGUF model does so only with its vision file.
    pub vision: bool,
    /// `webgpu`, `gpu` or `cpu`.
    pub device: &'static str,
    /// How matrices are kept.
    pub dtype: &'static str,
    /// Bytes of weights in the file.
    pub weight_bytes: u64,
    /// How the GPU multiplies matrices.
    pub kernels: Option<String>,
}

/// Selects how a GPU computes; the name of what was selected.
async fn select_kernels(options: &LoadOptions, observer: &Observer<'_>) -> Result<Option<String>, Error> {
    observer.report(Stage::Compile, 0, 1);
    // What took the device away may have been a shader, so the next try is with the safe ones.
    let choice = match &options.kernels {
        KernelChoice::Measured | KernelChoice::Remembered(_) if options.caution > 0 => &KernelChoice::Safe,
        choice => choice,
    };
    selection::select(&options.device, choice, observer.now).await.map_err(|error| match error {
        SelectionError::Unusable(_) => Error::NoDevice(error.to_string()),
        SelectionError::AllWrong | SelectionError::Device(_) => ModelError::Device(error.to_string()).into(),
    })
}

impl Engine {
    /// Loads a folder as Hugging Face lays it out.
    pub async fn load(folder: &dyn Folder, options: LoadOptions, observer: &Observer<'_>) -> Result<Self, Error> {
        Self::load_from(&ModelLocation::Folder(folder), options, observer).await
    }

    /// Loads a model from any of its containers.
    pub async fn load_from(
        location: &ModelLocation<'_>,
        options: LoadOptions,
        observer: &Observer<'_>,
    ) -> Result<Self, Error> {
        Self::load_manifest(&Manifest::open(location).await?, options, observer).await
    }

    /// Loads a model whose files are open.
    pub async fn load_manifest(
        manifest: &Manifest,
        options: LoadOptions,
        observer: &Observer<'_>,
    ) -> Result<Self, Error> {
        let OpenedModel { name, config, prompter, checkpoint } = manifest.read(observer).await?;
        let kernels = select_kernels(&options, observer).await?;
        let info = Info {
            kernels,
            model: name,
            family: config.family().name(),
            vision: config.vision.is_some(),
            device: options.device_name,
            dtype: options.precision.name(),
            weight_bytes: checkpoint.total_bytes(),
        };
        let tokens = TokenIds { yes: prompter.yes_id(), no: prompter.no_id(), pads: prompter.pad_ids() };
        let mut step = |done: usize, of: usize| observer.report(Stage::Upload, done as u64, of as u64);
        let home = Home { device: &options.device, table_on_device: options.device_name != CPU };
        let model = Reranker::load(&checkpoint, config, tokens, options.precision, home, &mut step, observer).await?;
        observer.checkpoint().await?;
        let engine = Self {
            model,
            prompter,
            info,
            image_limits: options.image_limits,
            savings: options.savings,
            budget: Cell::new(RowBudget::new(options.caution)),
            vision_cache: RefCell::default(),
            prefix_cache: RefCell::default(),
        };
        engine.warm_up(observer).await?;
        Ok(engine)
    }

    /// Compiles every shader by one pass whose score nobody needs, so that the first request is not the slow one.
    async fn warm_up(&self, observer: &Observer<'_>) -> Result<(), Error> {
        observer.report(Stage::Compile, 0, 1);
        let (start, whole) =
            (Prompt { ids: &[0; 5], visuals: &[] }, Prompt { ids: &[0; WARM_UP_TOKENS], visuals: &[] });
        let pass = Pass { turns: observer, ..Pass::default() };
        let prefix = self.model.prefix(start, pass).await?;
        self.model.scores(&prefix, &[whole], pass).await?;
        observer.report(Stage::Compile, 1, 1);
        Ok(())
    }
}

//! From a model's files to an engine.

use std::cell::RefCell;

use super::core::Engine;
use super::error::Error;
use super::info::{ModelInfo, TaskInfo};
use super::manifest::{Manifest, ModelLocation};
use super::observer::Observer;
use super::open_model::OpenedModel;
use super::options::LoadOptions;
use super::progress::LoadStage;
use super::runtime::Runtime;
use crate::bytes::Folder;
use crate::kernels::selection::{self, KernelChoice, SelectionError};
use crate::model::{
    AnswerIds, DeviceError, ForwardOptions, HeadTensors, LoadParameters, ModelError, ModelPlacement, Reranker,
    TokenIds, TokenizedPrompt,
};

/// Tokens of the pass that compiles the shaders: more than one tile of rows, and not a multiple of it.
const WARM_UP_TOKENS: usize = 33;

/// Tokens of its prefix.
const WARM_UP_PREFIX: usize = 5;

impl Engine {
    /// Loads a folder as Hugging Face lays it out. See [`Engine`] for an example.
    pub async fn load(folder: &dyn Folder, options: LoadOptions, observer: &Observer<'_>) -> Result<Self, Error> {
        Self::load_from(&ModelLocation::Folder(folder), options, observer).await
    }

    /// Loads a folder or GGUF files.
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
        let answers = prompter.answer_ids().map(|[yes, no]| AnswerIds { yes, no });
        let info = ModelInfo {
            pooling: config.pooling().name(),
            task: TaskInfo::Reranker {
                activation: config.activation.name(),
                head: HeadTensors::find(&checkpoint, &config, answers)?.describe(),
            },
            kernels,
            model: name,
            family: config.family().name(),
            vision: config.vision().is_some(),
            device: options.device_kind,
            dtype: options.precision.name(),
            weight_bytes: checkpoint.total_bytes(),
            warnings: config.warnings.clone(),
        };
        let parameters = LoadParameters {
            tokens: TokenIds { answers, pads: prompter.pad_ids() },
            precision: options.precision,
            placement: ModelPlacement { device: &options.device, kind: options.device_kind },
        };
        let mut on_part = |done: usize, of: usize| observer.report(LoadStage::Upload, done as u64, of as u64);
        let model = Reranker::load(&checkpoint, config, parameters, &mut on_part, observer).await?;
        observer.checkpoint().await?;
        let runtime = Runtime::new(&options, model.config().vision());
        let engine = Self { model, prompter, info, runtime, prefix_cache: RefCell::default() };
        engine.warm_up(observer).await?;
        Ok(engine)
    }

    /// Compiles every shader by scoring a prompt, so that the first request does not have to.
    async fn warm_up(&self, observer: &Observer<'_>) -> Result<(), Error> {
        observer.report(LoadStage::Compile, 0, 1);
        let start = TokenizedPrompt::text(&[0; WARM_UP_PREFIX]);
        let whole = TokenizedPrompt::text(&[0; WARM_UP_TOKENS]);
        let options = ForwardOptions { yield_point: observer, ..ForwardOptions::default() };
        let prefix = self.model.prefix(start, options).await?;
        self.model.logits(&prefix, &[whole], options).await?;
        observer.report(LoadStage::Compile, 1, 1);
        Ok(())
    }
}

/// Selects the kernels of a GPU, and gives their name.
pub(super) async fn select_kernels(options: &LoadOptions, observer: &Observer<'_>) -> Result<Option<String>, Error> {
    observer.report(LoadStage::Compile, 0, 1);
    // A shader may have caused the loss of the device, so the next try is with those that every device can run.
    let choice = match &options.kernels {
        KernelChoice::Measured | KernelChoice::Remembered(_) if options.device_losses > 0 => &KernelChoice::Safe,
        choice => choice,
    };
    selection::select(&options.device, choice, observer.now).await.map_err(|error| match error {
        SelectionError::Unusable(_) => Error::UnusableKernels(error),
        SelectionError::AllWrong | SelectionError::Device(_) => {
            ModelError::Device(DeviceError::KernelSelection(error)).into()
        }
    })
}

//! A loaded embedding model.

use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::error::Error;
use super::info::{ModelInfo, TaskInfo, WeightMemory};
use super::load::select_kernels;
use super::manifest::{Manifest, ModelLocation};
use super::observer::Observer;
use super::open_model::OpenedModel;
use super::options::LoadOptions;
use super::progress::LoadStage;
use super::runtime::Runtime;
use crate::bytes::Folder;
use crate::model::{
    DeviceKind, EmbeddingModel, ForwardOptions, LoadParameters, ModelConfig, ModelPlacement, PromptBatch, Residency,
    Task, TokenIds, TokenizedPrompt,
};
use crate::prompt::{PublishedPrompts, TextPrompter};

/// Tokens of the pass that compiles the shaders.
const WARM_UP_TOKENS: usize = 33;

/// A loaded embedding model.
///
/// ```
/// # #[cfg(not(target_arch = "wasm32"))]
/// # pollster::block_on(async {
/// use secondpass::bytes::DirectoryFolder;
/// use secondpass::{EmbedRequest, Embedder, LoadOptions, Observer};
///
/// let folder = DirectoryFolder::new("tests/fixtures/embedding/bert-mean");
/// let embedder = Embedder::load(&folder, LoadOptions::cpu(), None, &Observer::silent()).await?;
/// let request = EmbedRequest::from_json(r#"{"input": ["a planet", "a page"]}"#)?;
/// let response = embedder.embed(&request, &Observer::silent()).await?;
/// assert_eq!(response.data.len(), 2);
/// # Ok::<(), secondpass::Error>(())
/// # }).unwrap();
/// ```
pub struct Embedder {
    pub(super) model: EmbeddingModel,
    pub(super) prompter: TextPrompter,
    pub(super) info: ModelInfo,
    pub(super) runtime: Rc<Runtime>,
}

impl Embedder {
    /// Loads a folder as Hugging Face lays it out. `prompts` are the words before a text, instead of those that the
    /// model's files give.
    pub async fn load(
        folder: &dyn Folder,
        options: LoadOptions,
        prompts: Option<PublishedPrompts>,
        observer: &Observer<'_>,
    ) -> Result<Self, Error> {
        Self::load_from(&ModelLocation::Folder(folder), options, prompts, observer).await
    }

    /// Loads a folder or GGUF files.
    pub async fn load_from(
        location: &ModelLocation<'_>,
        options: LoadOptions,
        prompts: Option<PublishedPrompts>,
        observer: &Observer<'_>,
    ) -> Result<Self, Error> {
        Self::load_manifest(&Manifest::open_for(location, Task::Embed).await?, options, prompts, observer).await
    }

    /// Loads a model whose files were opened for [`Task::Embed`].
    pub async fn load_manifest(
        manifest: &Manifest,
        options: LoadOptions,
        prompts: Option<PublishedPrompts>,
        observer: &Observer<'_>,
    ) -> Result<Self, Error> {
        let OpenedModel { name, config, prompter, checkpoint } = manifest.read_embedder(prompts, observer).await?;
        let checkpoint = Rc::new(checkpoint);
        let residency = Rc::new(Residency::plan(&checkpoint, &config, options.precision, options.max_weight_bytes));
        let kernels = select_kernels(&options, observer).await?;
        let parameters = LoadParameters {
            tokens: TokenIds { answers: None, pads: prompter.pad_ids() },
            precision: options.precision,
            placement: ModelPlacement { device: &options.device, kind: options.device_kind },
            residency: residency.clone(),
        };
        let mut on_part = |done: usize, of: usize| observer.report(LoadStage::Upload, done as u64, of as u64);
        let weight_bytes = checkpoint.total_bytes();
        let model = EmbeddingModel::load(&checkpoint, config, parameters, &mut on_part, observer).await?;
        observer.checkpoint().await?;
        let dtype = options.precision.name();
        let model_warnings = model.config().warnings.clone();
        let info = ModelInfo {
            kernels,
            task: embedder_info(&name, &model, &prompter.words(), weight_bytes, dtype),
            pooling: model.config().pooling().name(),
            family: model.config().family().name(),
            vision: model.config().vision().is_some(),
            model: name,
            device: options.device_kind,
            dtype,
            weight_bytes,
            memory: WeightMemory::of(&residency),
            resident_bytes: residency.bytes(),
            warnings: model_warnings,
        };
        let runtime = Rc::new(Runtime::new(&options, model.config().vision(), &residency));
        let embedder = Self { model, prompter, info, runtime };
        embedder.warm_up(observer).await?;
        Ok(embedder)
    }

    /// What is loaded, and where it runs.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Makes the prompts.
    #[doc(hidden)]
    pub fn prompter(&self) -> &TextPrompter {
        &self.prompter
    }

    /// The model itself, for comparison with the reference implementation.
    #[doc(hidden)]
    pub fn model(&self) -> &EmbeddingModel {
        &self.model
    }

    /// Compiles every shader by reading a prompt, so that the first request does not have to.
    pub(super) async fn warm_up(&self, observer: &Observer<'_>) -> Result<(), Error> {
        observer.report(LoadStage::Compile, 0, 1);
        // The CPU has no shaders, and reading a large model costs more than it tells.
        if self.info.memory == WeightMemory::Resident || self.info.device != DeviceKind::Cpu {
            let options = ForwardOptions { yield_point: observer, ..ForwardOptions::default() };
            let ids = [0; WARM_UP_TOKENS];
            self.model.vectors(&[PromptBatch::whole(&[TokenizedPrompt::text(&ids)])], None, options).await?;
            self.runtime.record_warm_up(WARM_UP_TOKENS, self.model.stream_times());
        }
        observer.report(LoadStage::Compile, 1, 1);
        Ok(())
    }
}

pub(super) fn embedder_info(
    name: &str,
    model: &EmbeddingModel,
    words: &str,
    weight_bytes: u64,
    dtype: &str,
) -> TaskInfo {
    TaskInfo::Embedder {
        dimensions: model.dimensions(),
        normalized: model.normalizes(),
        identity: identity(name, model, words, weight_bytes, dtype),
    }
}

/// Vectors of models that differ in anything that is hashed here are not to be compared. The hash is one that every build
/// computes alike, since indexes keep it.
fn identity(name: &str, model: &EmbeddingModel, words: &str, weight_bytes: u64, dtype: &str) -> String {
    let config: &ModelConfig = model.config();
    let (family, pooling) = (config.family().name(), config.pooling().name());
    let (width, rows) = (config.hidden_size(), config.vocab_size());
    let (dimensions, unit) = (model.dimensions(), model.normalizes());
    let all = format!("{family} {pooling} {unit} {dimensions} {width} {rows} {weight_bytes} {dtype} {words}");
    let hash: String = Sha256::digest(all.as_bytes())[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    // Not where it lies: a mirror has the same model.
    let name = name.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    format!("{name}-{hash}")
}

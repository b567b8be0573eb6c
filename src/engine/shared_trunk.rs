//! One trunk for both tasks of a model whose files serve both.

use std::cell::RefCell;
use std::rc::Rc;

use super::core::Engine;
use super::embedder::{Embedder, embedder_info};
use super::error::Error;
use super::info::{ModelInfo, WeightMemory};
use super::load::reranker_info;
use super::manifest::Manifest;
use super::observer::Observer;
use super::open_model::OpenedModel;
use super::runtime::Runtime;
use crate::model::{AnswerIds, EmbeddingModel, HeadTensors, ModelConfig, Reranker, Trunk};
use crate::prompt::PublishedPrompts;

/// The trunk of a loaded model, on its device, and what goes with it: the other task of the same files needs only a head.
///
/// ```
/// # #[cfg(not(target_arch = "wasm32"))]
/// # pollster::block_on(async {
/// use secondpass::bytes::DirectoryFolder;
/// use secondpass::engine::ModelLocation;
/// use secondpass::model::Task;
/// use secondpass::{Embedder, Engine, LoadOptions, Manifest, Observer};
///
/// let folder = DirectoryFolder::new("tests/fixtures/text/tiny-tied");
/// let reranker = Engine::load(&folder, LoadOptions::cpu(), &Observer::silent()).await?;
/// let manifest = Manifest::open_for(&ModelLocation::Folder(&folder), Task::Embed).await?;
/// let embedder = Embedder::load_beside(&reranker.trunk(), &manifest, None, &Observer::silent()).await?;
/// assert!(embedder.is_some(), "these files serve both");
/// # Ok::<(), secondpass::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct SharedTrunk {
    trunk: Rc<Trunk>,
    config: ModelConfig,
    /// The placeholders that it knows.
    pads: [Option<u32>; 2],
    info: ModelInfo,
    runtime: Rc<Runtime>,
}

impl SharedTrunk {
    /// Whether its files are read again for each request.
    pub fn is_streamed(&self) -> bool {
        self.info.memory == WeightMemory::Streamed
    }

    fn serves(&self, config: &ModelConfig, pads: [Option<u32>; 2]) -> bool {
        self.pads == pads && config.has_trunk_of(&self.config)
    }
}

impl Engine {
    /// What an embedder of the same files can compute with.
    pub fn trunk(&self) -> SharedTrunk {
        SharedTrunk {
            trunk: self.model.trunk().clone(),
            config: self.model.config().clone(),
            pads: self.prompter.pad_ids(),
            info: self.info.clone(),
            runtime: self.runtime.clone(),
        }
    }

    /// The reranker of the files from which an embedder was loaded, opened for [`Task::Rerank`](crate::model::Task), with
    /// that one's trunk. `None` if they describe another trunk for this task.
    pub async fn load_beside(
        shared: &SharedTrunk,
        manifest: &Manifest,
        observer: &Observer<'_>,
    ) -> Result<Option<Self>, Error> {
        let OpenedModel { name, config, prompter, checkpoint } = manifest.read(observer).await?;
        let answers = prompter.answer_ids().map(|[yes, no]| AnswerIds { yes, no });
        let head = HeadTensors::find(&checkpoint, &config, answers)?;
        if !shared.serves(&config, prompter.pad_ids()) {
            return Ok(None);
        }
        let info = ModelInfo {
            model: name,
            pooling: config.pooling().name(),
            task: reranker_info(&config, &head),
            weight_bytes: checkpoint.total_bytes(),
            warnings: config.warnings.clone(),
            ..shared.info.clone()
        };
        let model = Reranker::on_trunk(shared.trunk.clone(), &head, &checkpoint, config, info.device).await?;
        observer.checkpoint().await?;
        let (runtime, prefix_cache) = (shared.runtime.clone(), RefCell::default());
        let engine = Self { model, prompter, info, runtime, prefix_cache };
        engine.warm_up(observer).await?;
        Ok(Some(engine))
    }
}

impl Embedder {
    /// What a reranker of the same files can compute with.
    pub fn trunk(&self) -> SharedTrunk {
        SharedTrunk {
            trunk: self.model.trunk().clone(),
            config: self.model.config().clone(),
            pads: self.prompter.pad_ids(),
            info: self.info.clone(),
            runtime: self.runtime.clone(),
        }
    }

    /// The embedder of the files from which a reranker was loaded, opened for [`Task::Embed`](crate::model::Task), with
    /// that one's trunk. `None` if they describe another trunk for this task.
    pub async fn load_beside(
        shared: &SharedTrunk,
        manifest: &Manifest,
        prompts: Option<PublishedPrompts>,
        observer: &Observer<'_>,
    ) -> Result<Option<Self>, Error> {
        let OpenedModel { name, config, prompter, checkpoint } = manifest.read_embedder(prompts, observer).await?;
        if !shared.serves(&config, prompter.pad_ids()) {
            return Ok(None);
        }
        let (pooling, warnings) = (config.pooling().name(), config.warnings.clone());
        let (weight_bytes, dtype) = (checkpoint.total_bytes(), shared.info.dtype);
        let model = EmbeddingModel::on_trunk(shared.trunk.clone(), &checkpoint, config, shared.info.device).await?;
        observer.checkpoint().await?;
        let task = embedder_info(&name, &model, &prompter.words(), weight_bytes, dtype);
        let info = ModelInfo { model: name, pooling, task, weight_bytes, warnings, ..shared.info.clone() };
        let embedder = Self { model, prompter, info, runtime: shared.runtime.clone() };
        embedder.warm_up(observer).await?;
        Ok(Some(embedder))
    }
}
